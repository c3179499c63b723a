// holdfast snapshot prune.

import { heldWords } from '../../domain/empty-start.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Toolbox } from '../../engine/toolbox.ts';
import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { readJournal } from '../read-journal.ts';
import { hereNow } from './here-now.ts';

export async function prune(cli: CliContext, options: ExecuteOptions): Promise<void> {
  const configuration = await cli.configuration();
  const { host, stateDir, agent, replication } = configuration;
  const { snapshotScene } = await import('../../engine/snapshot-policy/scene.ts');
  const { decisionsOf, planPrune } = await import('../../engine/snapshot-policy/plan-prune.ts');
  const { heldDatasets, heldWithin } = await import('../../engine/recover/held-datasets.ts');
  const { renderPrune } = await import('./render-snapshot.ts');
  const scene = await snapshotScene(replication.snapshots, hereNow(cli), cli.signal);
  using past = await readJournal(cli, stateDir);
  const held = await heldDatasets(configuration, past, cli.signal);
  const decisions = decisionsOf(scene, (dataset) => heldWithin(dataset, held) !== null);
  const warnings = held.map(({ name, of }) => `${name} is not pruned: ${heldWords(of)}`);
  const build = ({ journal }: Toolbox): Plan =>
    planPrune(host, scene, decisions, {
      warnings: [...new Set(warnings)],
      async heldBy(signal) {
        const now = await heldDatasets(configuration, journal, signal);
        return (dataset) => heldWithin(dataset, now);
      },
    });
  await execute(cli, { host, stateDir, agent }, build, {
    ...options,
    render: (report) => renderPrune(report, decisions, cli.out, cli.options.verbose),
  });
}
