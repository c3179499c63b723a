// What `holdfast metrics` prints and the agent serves: gathered now, from the journal alone.

import { setImmediate } from 'node:timers/promises';
import type { Configuration } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import { renderSeries, type Series } from '../../observe/metrics/exposition.ts';
import { seriesOf } from '../../observe/metrics/series.ts';
import { storageHealth } from '../datasets/storage-health.ts';
import { gatherMetrics, type MetricsJournal, usedRepositories, withStorage } from './gather.ts';
import { orUnknown, spacesOf } from './space.ts';

export interface MetricsSources {
  readonly configuration: Configuration;
  readonly journal: MetricsJournal;
  readonly now: Instant;
}

/** Waits for local file systems and pools to say how full they are, ten seconds at most; they are asked while the journal is read. */
export async function metricsNow(sources: MetricsSources, signal: AbortSignal): Promise<Series[]> {
  const { configuration } = sources;
  const asked = Promise.all([
    spacesOf(usedRepositories(configuration), signal),
    orUnknown(storageHealth(configuration, signal), signal),
  ]);
  const [[spaces, storage], input] = await Promise.all([asked, immediately(() => gatherMetrics(sources))]);
  return seriesOf(withStorage(input, spaces, storage));
}

/** Once what was begun before is under way. */
const immediately = async <Value>(work: () => Value): Promise<Value> => {
  await setImmediate();
  return work();
};

export const metricsText = async (sources: MetricsSources, signal: AbortSignal): Promise<string> =>
  renderSeries(await metricsNow(sources, signal));
