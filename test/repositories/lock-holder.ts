// A process that holds a lock: `lock-holder.ts STATE_DIR NAME MODE [PLACES]` prints 'held', and gives it up when its
// input ends; before that, 'waiting' when it has to queue.

import { once } from 'node:events';
import { fileLockBroker } from '../../src/repositories/broker.ts';

const [stateDir = '', name = '', mode = '', places] = process.argv.slice(2);
const lock = {
  name,
  mode: mode === 'shared' ? 'shared' : 'exclusive',
  ...(places === undefined ? {} : { places: Number(places) }),
} as const;
const waiting = (message: string): void => void process.stdout.write(`waiting for ${message}\n`);
{
  await using _held = await fileLockBroker(stateDir).acquire([lock], new AbortController().signal, waiting);
  process.stdout.write('held\n');
  process.stdin.resume();
  await once(process.stdin, 'end');
}
