// holdfast find: in which snapshots a file is.

import { Command } from '@commander-js/extra-typings';
import { describeBytes } from '../domain/bytes.ts';
import { EXIT } from '../domain/exit-code.ts';
import { formatInstant } from '../domain/instant.ts';
import { jobTag, serviceOfTags } from '../domain/naming.ts';
import { type ErrorReport, errorReport, HoldfastError } from '../lib/errors.ts';
import type { SnapshotNode } from '../tools/restic/node.ts';
import type { Snapshot } from '../tools/restic/snapshots.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { localMinute } from '../domain/local-time.ts';
import { lookOptions, type LookOptions, openLook } from './look.ts';
import { printable, renderTable } from './table.ts';

interface Options extends LookOptions {
  readonly service?: string | undefined;
  readonly host?: string | undefined;
  readonly ignoreCase?: true | undefined;
}

export const findCommand: CommandFactory = (context) =>
  lookOptions(new Command('find'))
    .description('find files in snapshots by name or pattern')
    .argument('<pattern>', 'a name or shell pattern; with a slash it is compared with the whole path')
    .option('--service <name>', 'only in snapshots of this service')
    .option('--host <name>', 'snapshots of this host (default: this one)')
    .option('-i, --ignore-case', 'upper and lower case are the same')
    .action((pattern, options) => find(context(), pattern, options));

interface Match {
  readonly repository: string;
  readonly snapshot: Snapshot;
  readonly node: SnapshotNode;
}

async function find(cli: CliContext, pattern: string, options: Options): Promise<void> {
  using look = await openLook(cli, options);
  const { holdings } = await import('../engine/snapshots/look.ts');
  const { accessTo } = await import('../engine/toolbox.ts');
  const { resticFind } = await import('../tools/restic/find.ts');
  const { service } = options;
  const host = options.host ?? look.host ?? undefined;
  if (service !== undefined && look.services.length > 0 && !look.services.includes(service)) {
    const { unknownName } = await import('../engine/select.ts');
    throw unknownName('service', service, look.services);
  }
  const matches: Match[] = [];
  const errors: { repository: string; error: ErrorReport }[] = [];
  for (const { repository, snapshots, error } of await holdings(look.repositories, look.asking)) {
    try {
      if (error) throw error;
      const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
      // oxlint-disable-next-line no-await-in-loop -- one after the other: each reads every tree
      const found = await resticFind(
        await accessTo(look.asking.toolbox, repository, cli.signal), // oxlint-disable-line no-await-in-loop -- as above
        {
          patterns: [pattern],
          host,
          tags: service === undefined ? [] : [jobTag(service)],
          ignoreCase: options.ignoreCase === true,
          retryLock: look.asking.lockWait,
        },
        { signal: cli.signal },
      );
      for (const { snapshotId, matches: nodes } of found) {
        const snapshot = byId.get(snapshotId);
        if (snapshot) matches.push(...nodes.map((node) => ({ repository: repository.name, snapshot, node })));
      }
    } catch (failure) {
      if (!(failure instanceof HoldfastError) || failure.code === 'interrupted') throw failure;
      errors.push({ repository: repository.name, error: cli.tailor(errorReport(failure)) });
    }
  }
  matches.sort((a, b) => b.snapshot.time - a.snapshot.time);
  cli.exitCode = errors.length === 0 ? EXIT.ok : errors.length < look.repositories.length ? EXIT.partial : EXIT.failed;
  const { renderError } = await import('./render-error.ts');
  if (!cli.options.json) for (const { error } of errors) cli.err.write(renderError(error));
  cli.result(render(matches, errors.length), {
    schemaVersion: 1,
    exitCode: cli.exitCode,
    matches: matches.map(({ repository, snapshot, node }) => ({
      repository,
      snapshotId: snapshot.id,
      snapshotTime: formatInstant(snapshot.time),
      host: snapshot.host,
      service: serviceOfTags(snapshot.tags),
      ...node,
      mtime: node.mtime === null ? null : formatInstant(node.mtime),
    })),
    errors,
  });
}

/** Snapshots that hold the very same file are one line: the newest of them, and how many there are. */
function render(matches: readonly Match[], failed: number): string {
  if (matches.length === 0) return failed > 0 ? '' : 'Nothing matches.';
  const same = Map.groupBy(matches, ({ repository, node }) =>
    [repository, node.path, node.size, node.mtime, node.type].join('\0'),
  );
  return renderTable(
    [
      { title: 'SNAPSHOT' },
      { title: 'TIME' },
      { title: 'IN', align: 'right' },
      { title: 'REPOSITORY', names: true },
      { title: 'SIZE', align: 'right' },
      { title: 'MODIFIED' },
      { title: 'PATH' },
    ],
    [...same.values()].flatMap((group) => {
      const [newest] = group;
      if (!newest) return [];
      const { repository, snapshot, node } = newest;
      return [
        [
          snapshot.id.slice(0, 8),
          localMinute(snapshot.time),
          String(group.length),
          printable(repository),
          node.type === 'file' ? describeBytes(node.size) : node.type,
          node.mtime === null ? '-' : localMinute(node.mtime),
          printable(node.path),
        ],
      ];
    }),
  );
}
