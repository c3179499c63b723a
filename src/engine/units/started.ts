// Which units are started once they are installed, and should be found active: timers, and the agent. Others start at a boot, or when
// a timer says so.

import { isAgain, unitNames } from '../../domain/naming.ts';
import type { UnitSet } from './scene.ts';

/** `path`: relative to the directory of units. */
export const isStarted = (path: string): boolean =>
  path === unitNames.agent || (path.endsWith('.timer') && !path.includes('/') && !isAgain(path));

/** What is enabled, and not only at a boot. */
export const startedUnits = ({ links }: UnitSet): string[] =>
  [...links.values()].map((target) => target.replace('../', '')).filter(isStarted);
