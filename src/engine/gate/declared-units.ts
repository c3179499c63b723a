// Whether a gate of this host would run a unit, by its configuration alone: what systemd has is not asked. Pure.

import type { Configuration } from '../../config/configuration.ts';
import { namePattern } from '../../lib/name-pattern.ts';
import { withSuffix } from '../../lib/unit-name.ts';
import { WELL_KNOWN_PATTERNS } from './derive.ts';

/** Where no gate is written, one is made of units that are well known. */
export function isDeclaredUnit({ gates }: Pick<Configuration, 'gates'>, unit: string): boolean {
  if (gates.size === 0) return namePattern(WELL_KNOWN_PATTERNS.map(withSuffix))(unit);
  return [...gates.values()]
    .flatMap(({ stages }) => stages)
    .some(
      ({ units, exclude }) =>
        namePattern(units.map(withSuffix))(unit) && !namePattern([...exclude, ...exclude.map(withSuffix)])(unit),
    );
}
