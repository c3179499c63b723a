// When repositories are verified and restores are tried out: what is written, over what is built in.

import { parsePercentage } from '../domain/percentage.ts';
import { roundsOf } from '../domain/verification.ts';
import type { VerificationConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { VerificationFile } from './schema.ts';
import { parsed } from './written-values.ts';

export function resolveVerification(
  value: VerificationFile | undefined,
  document: SourceDocument,
  repositories: readonly string[],
  entries: EffectiveEntries,
): VerificationConfig {
  const path = ['verification'];
  const written = new Written(value, document, path);
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...path, key], choice);
  const enable = add('enable', written.get('enable') ?? builtIn(true));
  const schedule = add('schedule', written.get('schedule') ?? builtIn('weekly'));
  const checkData = add('checkData', written.get('checkData') ?? builtIn(false));
  const subset = add<string | null>('checkDataSubset', written.get('checkDataSubset') ?? builtIn(null));
  const named = add<string | string[] | null>('repositories', written.get('repositories') ?? builtIn(null));
  const drills = written.inside('restoreTesting', value?.restoreTesting);
  const inDrills = <Value>(key: string, choice: Choice<Value>): Value =>
    entries.add([...path, 'restoreTesting', key], choice);
  const scratch = inDrills<string | null>('scratch', drills.get('scratch') ?? builtIn(null));
  return {
    enable,
    schedule,
    rounds: checkData ? 1 : subset === null ? null : roundsOf(parsed(parsePercentage, subset)),
    repositories: named === null ? repositories : [named].flat(),
    drills: {
      enable: inDrills('enable', drills.get('enable') ?? builtIn(true)),
      schedule: inDrills('schedule', drills.get('schedule') ?? builtIn('monthly')),
      sampleFiles: inDrills<number | null>('sampleFiles', drills.get('sampleFiles') ?? builtIn(null)),
      scratch: scratch === null ? null : normalPath(scratch),
    },
  };
}
