// A process that holds a lock: `lock-holder.ts STATE_DIR NAME MODE` prints 'held', and gives it up when its input ends.

import { once } from 'node:events';
import { fileLockBroker } from '../../src/repositories/broker.ts';

const [stateDir = '', name = '', mode = ''] = process.argv.slice(2);
const lock = { name, mode: mode === 'shared' ? 'shared' : 'exclusive' } as const;
{
  await using _held = await fileLockBroker(stateDir).acquire([lock], new AbortController().signal);
  process.stdout.write('held\n');
  process.stdin.resume();
  await once(process.stdin, 'end');
}
