// What `holdfast replicate` does: connects, plans, sends. The connections end with it.

import type { Duration } from '../../domain/duration.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';
import { readJournal } from '../read-journal.ts';

export interface ReplicateOptions {
  readonly target?: string | undefined;
  readonly startOver?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export async function replicate(cli: CliContext, datasets: readonly string[], options: ReplicateOptions): Promise<void> {
  const configuration = await cli.configuration();
  const { openConnections } = await import('../../engine/replication/connections.ts');
  const { planReplicate, selectTargets } = await import('../../engine/replication/plan-replicate.ts');
  const { renderReplicate } = await import('./render-replicate.ts');
  const { dryRun = false, startOver = false, target } = options;
  const wish = { datasets, targets: target === undefined ? [] : [target], startOver, sizes: dryRun };
  const command = [
    'holdfast replicate',
    ...datasets.map(shellWord),
    ...(target === undefined ? [] : ['--target', shellWord(target)]),
    ...(startOver ? ['--start-over'] : []),
  ].join(' ');
  selectTargets(configuration, wish); // a typo is told before anything is opened
  await using connections = openConnections(cli.signal);
  using past = dryRun ? await readJournal(cli, configuration.stateDir) : null;
  await execute(
    cli,
    configuration,
    (toolbox) =>
      planReplicate(configuration, wish, {
        toolbox: past ? { ...toolbox, journal: past } : toolbox,
        connections,
        signal: cli.signal,
      }),
    { dryRun, wait: options.wait, render: (report) => renderReplicate(report, cli.out, command) },
  );
}
