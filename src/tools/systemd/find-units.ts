// Units that match a pattern: those that systemd has loaded, and those that are installed, as one list.

import type { ListedUnit } from './calls.ts';
import type { FoundUnit } from './manager.ts';
import type { UnitFile } from './unit-files.ts';

/** Each once, by name. */
export function foundUnits(loaded: readonly ListedUnit[], files: readonly UnitFile[]): FoundUnit[] {
  const states = new Map(files.map(({ name, state }) => [name, state]));
  const units = new Map(loaded.map((unit) => [unit.name, unit]));
  const names = [...new Set([...units.keys(), ...states.keys()])].toSorted();
  return names.map((name) => {
    const { load = null, active = null, sub = null } = units.get(name) ?? {};
    return { name, load, active, sub, file: states.get(name) ?? null };
  });
}
