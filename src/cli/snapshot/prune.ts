// holdfast snapshot prune.

import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { hereNow } from './here-now.ts';

export async function prune(cli: CliContext, options: ExecuteOptions): Promise<void> {
  const { host, stateDir, agent, replication } = await cli.configuration();
  const { snapshotScene } = await import('../../engine/snapshot-policy/scene.ts');
  const { decisionsOf, planPrune } = await import('../../engine/snapshot-policy/plan-prune.ts');
  const { renderPrune } = await import('./render-snapshot.ts');
  const scene = await snapshotScene(replication.snapshots, hereNow(cli), cli.signal);
  const decisions = decisionsOf(scene);
  await execute(cli, { host, stateDir, agent }, () => planPrune(host, scene, decisions), {
    ...options,
    render: (report) => renderPrune(report, decisions, cli.out, cli.options.verbose),
  });
}
