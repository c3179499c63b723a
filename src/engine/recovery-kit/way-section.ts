// The page about the way to the repository: what must be mounted, or reachable.

import { type Block, type Text, text } from '../../lib/page/page.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Kit, KitMount, KitReach } from './kit.ts';
import { heading } from './page-words.ts';

export function waySection({ host, reach }: Kit): Block[] {
  return [
    heading('3. The way to the repository'),
    { kind: 'paragraph', text: [...text`The repository is ${reach.url}. `, ...wayThere(host, reach)] },
    ...(reach.mount === null ? [] : mounting(reach.mount)),
    ...(reach.directory === null
      ? []
      : [{ kind: 'commands', lines: [`ls -d ${shellWord(`${reach.directory}/config`)}`] } as const]),
  ];
}

function wayThere(host: string, { scheme, mount, directory }: KitReach): Text {
  switch (scheme) {
    case 'local':
      if (mount === null)
        return text`It was on the own disk of ${host}: if that is lost, so is it. If you have the disk or a copy, put it at this very path, or write the other path in step 4.`;
      return mount.source === null
        ? text`It is in the file system that belongs at ${mount.path}. Nothing was mounted there when this page was made.`
        : text`It is in the file system that belongs at ${mount.path}: there ${host} had ${mount.source} (${mount.type ?? ''}). If you mount it somewhere else, write that path in place of ${directory ?? ''} in step 4.`;
    case 'sftp':
      return text`It is reached by SSH: install ${'openssh-client'}, put the key of ${host} into ${'/root/.ssh'} (or have a new one accepted there), and log in once by hand with ${'ssh'}, so that its host key is known. No password may be asked for.`;
    case 'rest':
      return ['It is a REST server: it must be reachable from here over the network.'];
    case 'rclone':
      return text`It is reached by rclone: install ${'rclone'}, and put ${'rclone.conf'} into ${'/root/.config/rclone'}.`;
    default:
      return [
        'It is an object store: it must be reachable from here over the network. The clock of this machine must be right.',
      ];
  }
}

const NETWORKED: Readonly<Record<string, string>> = { nfs: 'nfs-common', nfs4: 'nfs-common', cifs: 'cifs-utils' };

function mounting({ path, type, source, uuid }: KitMount): Block[] {
  const helper = NETWORKED[type ?? ''];
  const from = uuid === null ? (type?.startsWith('nfs') && source !== null ? shellWord(source) : null) : `UUID=${uuid}`;
  const where = shellWord(path);
  return [
    ...(helper === undefined ? [] : [{ kind: 'paragraph', text: text`That needs the package ${helper}.` } as const]),
    ...(from === null
      ? [
          {
            kind: 'paragraph',
            text: text`Mount it there first; the next command then says that it is a mount point.`,
          } as const,
        ]
      : []),
    {
      kind: 'commands',
      lines: [
        ...(from === null ? [] : [`mkdir -p ${where}`]),
        from === null ? `mountpoint ${where}` : `mountpoint -q ${where} || mount ${from} ${where}`,
      ],
    },
  ];
}
