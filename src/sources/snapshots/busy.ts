// Trying again what is busy for a moment: the kernel takes a mount away a little after the last process of its namespace ended.

import { setTimeout as delay } from 'node:timers/promises';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';

const PATIENCE = duration(30, 's');
const BETWEEN = duration(200, 'ms');

/** Until `attempt` answers true. Throws `busy` when it does not for a while. */
export async function untilFree(
  subject: string,
  attempt: () => Promise<boolean>,
  signal: AbortSignal,
  patience = PATIENCE,
): Promise<void> {
  const deadline = performance.now() + patience;
  // oxlint-disable-next-line no-await-in-loop -- nobody tells when it is free
  while (!(await attempt())) {
    if (performance.now() > deadline) {
      throw new HoldfastError({
        code: 'busy',
        operation: 'remove the snapshot',
        subject,
        message: `${subject} is in use, and cannot be removed`,
        hint: 'Is it mounted somewhere? `grep holdfast- /proc/*/mountinfo` tells in which processes. The next run tries again.',
        retry: 'later',
      });
    }
    await delay(BETWEEN, undefined, { signal }); // oxlint-disable-line no-await-in-loop -- nobody tells when it is free
  }
}
