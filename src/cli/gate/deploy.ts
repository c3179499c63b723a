// holdfast gate run: the gate, and then a command of the user's, if the answer allows it.

import { constants } from 'node:os';
import { EXIT } from '../../domain/exit-code.ts';
import type { ForegroundEnd } from '../../process/run-foreground.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';
import { releaseCommand } from './hold.ts';
import { pass, type PassOptions } from './pass.ts';

export interface DeployOptions extends PassOptions {
  readonly gate?: string | undefined;
  readonly acceptPartial?: boolean | undefined;
  readonly hold?: boolean | undefined;
}

export async function deploy(cli: CliContext, command: readonly string[], options: DeployOptions): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) return; // commander has refused that already
  const { report, units } = await pass(cli, options.gate, options);
  if (options.dryRun) return;
  if (report.exitCode !== EXIT.ok && !(report.exitCode === EXIT.partial && options.acceptPartial)) return;
  const configuration = await cli.configuration();
  const { planDeployment } = await import('../../engine/gate/plan-deployment.ts');
  const { writeGateReport } = await import('../../engine/gate/gate-report.ts');
  const { openManager } = await import('../../tools/systemd/open-manager.ts');
  await using manager = options.hold ? await openManager(cli.signal) : null;
  const ends: ForegroundEnd[] = [];
  const request = {
    command: {
      argv: [program, ...args] as const,
      env: { HOLDFAST_GATE_REPORT: writeGateReport(configuration.stateDir, report) },
      stdout: cli.options.json ? ('stderr' as const) : ('stdout' as const),
    },
    hold: manager && { manager, units, release: releaseCommand(configuration.stateDir) },
    ended: (how: ForegroundEnd) => void ends.push(how),
  };
  const deployment = await execute(silent(cli), configuration, () => planDeployment(configuration.host, request), {});
  const [end] = ends;
  const code = end ? exitCodeOf(end) : EXIT.ok;
  cli.exitCode = code === EXIT.ok ? deployment.exitCode : code;
  const { renderError } = await import('../render-error.ts');
  for (const { error, reason } of deployment.steps) {
    // a command that failed has said so itself; that timers were not started again it does not know
    if (error && code === EXIT.ok) cli.err.write(renderError(error));
    else if (reason !== null && reason !== error?.message) cli.warn(`${reason}. Try: holdfast gate release`);
  }
}

/** As a shell tells it. */
const exitCodeOf = ({ exitCode, endedBy }: ForegroundEnd): number =>
  exitCode ?? SIGNALLED + constants.signals[endedBy ?? 'SIGTERM'];
const SIGNALLED = 128;

/** The command has the terminal: nothing is drawn, and no second report is told. */
const silent = (cli: CliContext): CliContext => ({ ...cli, options: { ...cli.options, quiet: true }, result: () => {} });
