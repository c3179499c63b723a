// holdfast snapshot take.

import type { Configuration } from '../../config/configuration.ts';
import { heldWords } from '../../domain/empty-start.ts';
import type { SnapshotScene } from '../../engine/snapshot-policy/scene.ts';
import { readJournal } from '../read-journal.ts';
import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { hereNow } from './here-now.ts';

export async function take(cli: CliContext, options: ExecuteOptions): Promise<void> {
  const configuration = await cli.configuration();
  const { host, stateDir, agent, replication } = configuration;
  const { snapshotScene } = await import('../../engine/snapshot-policy/scene.ts');
  const { planTake } = await import('../../engine/snapshot-policy/plan-take.ts');
  const { renderTake } = await import('./render-snapshot.ts');
  const scene = await snapshotScene(replication.snapshots, hereNow(cli), cli.signal);
  if (options.dryRun) await tellHeld(cli, configuration, scene);
  await execute(cli, { host, stateDir, agent }, () => planTake(host, scene), {
    ...options,
    render: (report) => renderTake(report, cli.out),
  });
}

/** They are taken all the same: nothing goes for them. */
async function tellHeld(cli: CliContext, configuration: Configuration, { pools }: SnapshotScene): Promise<void> {
  const { heldDatasets, heldWithin } = await import('../../engine/recover/held-datasets.ts');
  using past = await readJournal(cli, configuration.stateDir);
  const held = await heldDatasets(configuration, past, cli.signal);
  for (const { dataset } of [...pools.values()].flat()) {
    const of = heldWithin(dataset, held);
    if (of !== null) cli.warn(`${dataset}: none of its snapshots is pruned for this one: ${heldWords(of)}`);
  }
}
