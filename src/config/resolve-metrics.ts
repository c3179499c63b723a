// Where metrics are written, and from where on they are an alarm: what is written, over what is built in.

import { parsePercentage } from '../domain/percentage.ts';
import type { MetricsConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type EffectiveEntries, Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { MetricsFile } from './schema.ts';
import { milliseconds, parsed } from './written-values.ts';

const CAPACITY = { warning: '80%', critical: '90%' } as const;
const REPLICATION_LAG = { warning: '12h', critical: '24h' } as const;

export function resolveMetrics(
  value: MetricsFile | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): MetricsConfig {
  const path = ['metrics'];
  const written = new Written(value, document, path);
  const textfile = entries.add<string | null>([...path, 'textfile'], written.get('textfile') ?? builtIn(null));
  const levels = (section: 'capacity' | 'replicationLag', standard: Readonly<Record<Level, string>>): Levels => {
    const inside = written.inside(section, value?.[section]);
    const level = (key: Level): string =>
      entries.add([...path, section, key], inside.get(key) ?? builtIn<string>(standard[key]));
    return { warning: level('warning'), critical: level('critical') };
  };
  const capacity = levels('capacity', CAPACITY);
  const lag = levels('replicationLag', REPLICATION_LAG);
  return {
    textfile: textfile === null ? null : normalPath(textfile),
    capacity: {
      warning: parsed(parsePercentage, capacity.warning),
      critical: parsed(parsePercentage, capacity.critical),
    },
    replicationLag: { warning: milliseconds(lag.warning), critical: milliseconds(lag.critical) },
  };
}

type Level = 'warning' | 'critical';
type Levels = Readonly<Record<Level, string>>;
