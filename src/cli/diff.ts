// holdfast diff: what changed from one snapshot to another, streamed.

import { Command } from '@commander-js/extra-typings';
import { describeBytes } from '../domain/bytes.ts';
import type { Change, DiffSide, DiffSummary } from '../tools/restic/diff.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { lookOptions, type LookOptions, openLook } from './look.ts';
import { plural } from './plural.ts';
import { printable } from './table.ts';

interface Options extends LookOptions {
  readonly metadata?: true | undefined;
}

export const diffCommand: CommandFactory = (context) =>
  lookOptions(new Command('diff'))
    .description('what changed from one snapshot to another')
    .argument('<from>', 'its id, or the beginning of it')
    .argument('<to>', 'its id, the beginning of it, or a service for its newest complete one')
    .option('--metadata', 'also entries of which only mode, owner or times changed')
    .action((from, to, options) => diff(context(), from, to, options));

async function diff(cli: CliContext, from: string, to: string, options: Options): Promise<void> {
  using look = await openLook(cli, options);
  const { locate } = await import('../engine/snapshots/look.ts');
  const { accessTo } = await import('../engine/toolbox.ts');
  const { resticDiff } = await import('../tools/restic/diff.ts');
  const { repository, snapshots } = await locate([from, to], look.repositories, look.host, look.asking);
  const [a, b] = snapshots;
  if (!a || !b) return; // locate has thrown
  const changes: Change[] = [];
  let shown = 0;
  const onChange = (change: Change): void => {
    shown += 1;
    if (cli.options.json) changes.push(change);
    else cli.out.write(`${change.modifier.padEnd(4)} ${printable(change.path)}\n`);
  };
  const summary = await resticDiff(
    await accessTo(look.asking.toolbox, repository, cli.signal),
    { from: a.id, to: b.id, metadata: options.metadata === true, retryLock: look.asking.lockWait },
    { signal: cli.signal, onChange },
  );
  cli.result((shown > 0 ? '\n' : '') + render(summary), {
    schemaVersion: 1,
    repository: repository.name,
    ...summary,
    changes,
  });
}

const render = ({ from, to, changedFiles, added, removed }: DiffSummary): string =>
  [
    `${from.slice(0, 8)} -> ${to.slice(0, 8)}: ${plural(changedFiles, 'file')} modified`,
    `added    ${side(added)}`,
    `removed  ${side(removed)}`,
  ].join('\n');

const side = ({ files, directories, others, bytes }: DiffSide): string =>
  `${plural(files, 'file')}, ${plural(directories, 'directory', 'directories')}, ${plural(others, 'other')}, ${describeBytes(bytes)} stored`;
