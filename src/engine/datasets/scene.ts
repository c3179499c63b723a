// What every command about datasets begins with: those that are meant, what is there, and what is to be decided.

import { describeBytes, type Bytes } from '../../domain/bytes.ts';
import { ancestorsOf, type DeclaredDataset } from '../../domain/dataset.ts';
import { type DatasetDecision, decideDatasets, type Orphan, orphans } from '../../domain/dataset-decision.ts';
import { formatInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { newestWrite } from '../../tools/util-linux/newest-write.ts';
import { observeStorage } from './observe-storage.ts';

export interface DatasetScene {
  readonly declared: readonly DeclaredDataset[];
  readonly decisions: readonly DatasetDecision[];
  /** A sentence for each dataset that nobody declared. */
  readonly warnings: readonly string[];
}

/** `services`: only theirs; none: all. Throws `usage` for one without a dataset, `config` where none is declared. */
export async function datasetScene(
  all: readonly DeclaredDataset[],
  services: readonly string[],
  signal: AbortSignal,
): Promise<DatasetScene> {
  const declared = wanted(all, services);
  const seen = await observeStorage(all, signal);
  const meant = new Set(declared.flatMap(({ name }) => [name, ...ancestorsOf(name)]));
  const decisions = decideDatasets(all, seen).filter(({ dataset }) => meant.has(dataset));
  const left = services.length === 0 ? orphans(all, seen.datasets) : [];
  return { declared, decisions, warnings: await Promise.all(left.map((orphan) => orphanWords(orphan, signal))) };
}

function wanted(all: readonly DeclaredDataset[], services: readonly string[]): readonly DeclaredDataset[] {
  const unknown = services.find((name) => !all.some(({ service }) => service === name));
  if (unknown !== undefined) {
    throw new HoldfastError({
      code: 'usage',
      operation: 'choose',
      subject: unknown,
      message: `no dataset is declared for ${unknown}`,
      hint: `Write one: services.${unknown}.dataset`,
    });
  }
  if (all.length === 0) {
    throw new HoldfastError({
      code: 'usage',
      operation: 'choose',
      subject: 'datasets',
      message: 'no dataset is declared',
      hint: 'Write storage.datasets, or a dataset for a service.',
    });
  }
  return services.length === 0 ? all : all.filter(({ service }) => service !== null && services.includes(service));
}

/** 'tank/persist/old is not declared: 1.2 GB, mounted at /persist/old, last written 2026-01-02T03:04:05Z' */
async function orphanWords({ dataset, used, mountpoint, mounted }: Orphan, signal: AbortSignal): Promise<string> {
  const written = mounted && mountpoint.startsWith('/') ? await newestWrite(mountpoint, signal) : null;
  const place = mounted ? `mounted at ${mountpoint}` : 'not mounted';
  const last = written === null ? '' : `, last written ${formatInstant(written)}`;
  return `${dataset} is not declared: ${describeBytes(used as Bytes)}, ${place}${last}; it stays`; // of zfs, in bytes
}
