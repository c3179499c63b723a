// holdfast snapshot take.

import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { hereNow } from './here-now.ts';

export async function take(cli: CliContext, options: ExecuteOptions): Promise<void> {
  const { host, stateDir, agent, replication } = await cli.configuration();
  const { snapshotScene } = await import('../../engine/snapshot-policy/scene.ts');
  const { planTake } = await import('../../engine/snapshot-policy/plan-take.ts');
  const { renderTake } = await import('./render-snapshot.ts');
  const scene = await snapshotScene(replication.snapshots, hereNow(cli), cli.signal);
  await execute(cli, { host, stateDir, agent }, () => planTake(host, scene), {
    ...options,
    render: (report) => renderTake(report, cli.out),
  });
}
