// What a gate was for: a command of the user's, with the timers of backups held meanwhile where that is asked for. It is a run
// of its own, so that the history says what was deployed after which gate.

import { duration } from '../../domain/duration.ts';
import type { Plan, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type ForegroundCommand, type ForegroundEnd, runForeground } from '../../process/run-foreground.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { startLater } from '../../tools/systemd/systemd-run.ts';
import { activeTimers, HELD_TIMERS, holdTimers, PATIENCE, RELEASE_UNIT } from './hold-timers.ts';
import { DEPLOYMENT } from './one-gate.ts';

export interface DeploymentRequest {
  readonly command: ForegroundCommand;
  /** The units whose timers are held, and who is asked for them; null: none are held. */
  readonly hold: {
    readonly manager: Manager;
    readonly units: readonly string[];
    /** The command line of `gate release`: what systemd starts when nothing of this is left to do it. */
    readonly release: readonly [string, ...string[]];
  } | null;
  /** Told how the command ended, before its step does. */
  readonly ended: (end: ForegroundEnd) => void;
}

export const planDeployment = (host: string, request: DeploymentRequest): Plan => ({
  kind: DEPLOYMENT,
  host,
  limits: {},
  steps: [
    {
      id: 'deploy',
      title: `Run ${request.command.argv.join(' ')}`,
      weight: 'critical',
      run: (context) => deploy(request, context),
    },
  ],
});

/** When a killed gate's timers are started again at the latest; while it lives that changes nothing. */
const LAST_RESORT = duration(2, 'h');

async function deploy({ command, hold, ended }: DeploymentRequest, context: StepContext): Promise<StepResult> {
  await using held = new AsyncDisposableStack();
  const timers = hold ? await activeTimers(hold.manager, hold.units) : [];
  if (hold && timers.length > 0) {
    const unit = `${RELEASE_UNIT}${context.runId.toLowerCase()}`;
    await startLater(
      { unit, after: LAST_RESORT, argv: hold.release, description: 'Release the timers of backups' },
      context.signal,
    );
    held.defer(() => hold.manager.stop(`${unit}.timer`, PATIENCE));
    held.use(await holdTimers(HELD_TIMERS, hold.manager, timers, null, context));
  }
  const end = await runForeground(command, context.signal);
  ended(end);
  context.signal.throwIfAborted();
  if (end.exitCode === 0) return { outcome: 'succeeded', result: { timers } };
  throw new HoldfastError({
    code: 'tool-failed',
    operation: 'run',
    subject: command.argv[0],
    message: end.endedBy ? `was ended by ${end.endedBy}` : `exited with ${end.exitCode}`,
    tool: { name: command.argv[0], exitCode: end.exitCode, stderrTail: [] },
  });
}
