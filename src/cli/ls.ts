// holdfast ls: what a snapshot holds, streamed.

import { Command } from '@commander-js/extra-typings';
import { describeBytes } from '../domain/bytes.ts';
import { formatInstant } from '../domain/instant.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { SnapshotNode } from '../tools/restic/node.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { localMinute } from '../domain/local-time.ts';
import { lookOptions, type LookOptions, openLook } from './look.ts';
import { printable } from './table.ts';

interface Options extends LookOptions {
  readonly recursive?: true | undefined;
}

export const lsCommand: CommandFactory = (context) =>
  lookOptions(new Command('ls'))
    .description('list the files of a snapshot')
    .argument('<snapshot>', 'its id, the beginning of it, or a service for its newest complete one')
    .argument('[path]', 'an absolute path in it; everything without one')
    .option('-r, --recursive', 'below the path at any depth')
    .action((snapshot, path, options) => list(context(), snapshot, path, options));

async function list(cli: CliContext, name: string, path: string | undefined, options: Options): Promise<void> {
  using look = await openLook(cli, options);
  const { locate } = await import('../engine/snapshots/look.ts');
  const { accessTo } = await import('../engine/toolbox.ts');
  const { resticLs } = await import('../tools/restic/ls.ts');
  const { normalPath } = await import('../config/repository-url.ts');
  const { repository, snapshots } = await locate([name], look.repositories, look.host, look.asking);
  const [snapshot] = snapshots;
  if (!snapshot) return; // locate has thrown
  const start = path === undefined ? null : normalPath(path.startsWith('/') ? path : `/${path}`);
  const entries: SnapshotNode[] = [];
  let shown = 0;
  const onNode = (node: SnapshotNode): void => {
    // restic names the directories on the way as well
    if (start !== null && node.path !== start && !node.path.startsWith(start === '/' ? '/' : `${start}/`)) return;
    shown += 1;
    if (cli.options.json) entries.push(node);
    else cli.out.write(`${lineOf(node)}\n`);
  };
  await resticLs(
    await accessTo(look.asking.toolbox, repository, cli.signal),
    {
      snapshotId: snapshot.id,
      paths: start === null ? [] : [start],
      recursive: start === null || options.recursive === true,
      retryLock: look.asking.lockWait,
    },
    { signal: cli.signal, onNode },
  );
  if (shown === 0 && start !== null) throw nothingThere(start, snapshot.id);
  cli.result('', {
    schemaVersion: 1,
    repository: repository.name,
    snapshot: { id: snapshot.id, time: formatInstant(snapshot.time), host: snapshot.host, paths: snapshot.paths },
    entries: entries.map((node) => ({ ...node, mtime: node.mtime === null ? null : formatInstant(node.mtime) })),
  });
}

/** `-rw-r--r--  1000:100   1.23 KiB  2026-03-01 12:00  /data/a` */
function lineOf(node: SnapshotNode): string {
  const size = node.type === 'file' ? describeBytes(node.size) : '-';
  const time = node.mtime === null ? '-' : localMinute(node.mtime);
  return `${modeText(node)}  ${`${node.uid}:${node.gid}`.padEnd(9)}  ${size.padStart(8)}  ${time.padEnd(16)}  ${printable(node.path)}`;
}

const TYPE_LETTERS: Readonly<Record<string, string>> = {
  dir: 'd',
  symlink: 'l',
  fifo: 'p',
  dev: 'b',
  chardev: 'c',
  socket: 's',
};

/** As ls(1) writes it. */
export function modeText({ type, mode }: Pick<SnapshotNode, 'type' | 'mode'>): string {
  const bits = Array.from('rwxrwxrwx', (letter, index) => (mode & (1 << (8 - index)) ? letter : '-'));
  const special = (bit: number, at: number, letter: string): void => {
    if (mode & bit) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, 's');
  special(0o2000, 5, 's');
  special(0o1000, 8, 't');
  return (TYPE_LETTERS[type] ?? '-') + bits.join('');
}

const nothingThere = (path: string, id: string): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'list',
    subject: path,
    message: `snapshot ${id.slice(0, 8)} holds no ${printable(path)}`,
    hint: `\`holdfast ls ${id.slice(0, 8)}\` lists all of it, \`holdfast find\` looks for a name in every snapshot.`,
  });
