// systemd-run: a command that systemd starts after a while, and again each minute until it succeeds, also when nobody is left who
// asked for it. A boot forgets it.

import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface LaterCommand {
  /** Name of the transient timer and service, without a suffix. */
  readonly unit: string;
  readonly after: Duration;
  readonly argv: readonly [string, ...string[]];
  readonly description: string;
}

export const startLaterArgs = ({ unit, after, argv, description }: LaterCommand): [string, ...string[]] => [
  'systemd-run',
  '--quiet',
  '--collect',
  `--unit=${unit}`,
  `--description=${description}`,
  `--on-active=${Math.ceil(after / 1000)}s`,
  '--timer-property=AccuracySec=1s',
  '--service-type=oneshot',
  '--property=Restart=on-failure',
  '--property=RestartSec=1min',
  '--',
  ...argv,
];

/** Throws `tool-failed`, for instance when that unit exists already. */
export async function startLater(command: LaterCommand, signal: AbortSignal): Promise<void> {
  const { exitCode, stderrTail } = await runProcess(
    { argv: startLaterArgs(command), operation: 'have systemd start later', subject: command.unit, env: { LC_ALL: 'C' } },
    { signal },
  );
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'tool-failed',
    operation: 'have systemd start later',
    subject: command.unit,
    message: stderrTail.at(-1) ?? `systemd-run exited with ${exitCode}`,
    hint: `See: systemctl status ${command.unit}.timer`,
    retry: 'later',
    tool: { name: 'systemd-run', exitCode, stderrTail },
  });
}
