// systemd-notify: telling systemd that a service of Type=notify is ready, or about to end. Node.js has no datagram sockets in the
// file system. Unit: NotifyAccess=all, for what speaks is a child.

import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';

export type ServiceState = 'ready' | 'stopping';

export const notifyArgs = (state: ServiceState, status: string): [string, ...string[]] => [
  'systemd-notify',
  state === 'ready' ? 'READY=1' : 'STOPPING=1', // as a variable: 252 has no --stopping
  `STATUS=${status}`,
];

/** Nothing where nobody waits for it (no NOTIFY_SOCKET). Throws when it could not be told. */
export async function notifySystemd(state: ServiceState, status: string, signal: AbortSignal): Promise<void> {
  if (!process.env['NOTIFY_SOCKET']) return;
  const command = { argv: notifyArgs(state, status), operation: 'tell systemd about', subject: 'the agent' };
  await runProcess(command, { signal, timeout: duration(10, 's') });
}
