// How a process ended, for people.

import { constants } from 'node:os';
import type { Exit } from './unit-state.ts';

const SIGNALS = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** What systemd's own exit codes mean, in the process that was to become the program. systemd.exec(5) has all of them. */
const BEFORE_PROGRAM = new Map([
  [200, 'its WorkingDirectory= is not there'],
  [203, 'the program could not be executed'],
  [216, 'its Group= could not be taken'],
  [217, 'its User= could not be taken'],
  [226, 'its mounts could not be set up'],
  [243, 'its credentials could not be set up'],
]);

/** 'exited with 1', 'killed by SIGKILL'. */
export function describeExit({ how, status }: Exit): string {
  const meaning = BEFORE_PROGRAM.get(status);
  if (how === 'exited') return `exited with ${status}${meaning === undefined ? '' : ` (${meaning})`}`;
  return `killed by ${SIGNALS.get(status) ?? `signal ${status}`}${how === 'dumped' ? ', with a core dump' : ''}`;
}
