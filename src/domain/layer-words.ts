// What is layered, in sentences, and the commands that mend it. None of them removes anything, and none unmounts what is in use.

import { shellWord } from '../lib/shell-word.ts';
import { type Bytes, describeBytes } from './bytes.ts';
import type { DatasetState } from './dataset.ts';
import type { Beneath, Measured } from './mount-beneath.ts';
import type { Absent, Claimed, Hidden, Layer, Unmounted } from './mount-layers.ts';
import type { Elsewhere } from './mount-view.ts';
import type { Mount } from './mount.ts';

export type LayerFinding =
  | Exclude<Layer, Unmounted>
  | (Unmounted & { readonly written?: Measured | null })
  | Beneath
  | Elsewhere;

export interface Words {
  /** What is where, and how much. */
  readonly told: string;
  /** What to do about it, with commands that destroy nothing; null when nothing is wrong. */
  readonly mend: string | null;
}

/** `unit` owns the data: it is stopped first. */
export function wordsOf(finding: LayerFinding, unit: string | null): Words {
  switch (finding.kind) {
    case 'hidden':
      return hidden(finding, unit);
    case 'unmounted':
      return unmounted(finding, unit);
    case 'absent':
      return absent(finding);
    case 'claimed':
      return claimed(finding);
    case 'beneath':
      return beneath(finding);
    case 'elsewhere':
      return elsewhere(finding);
    default:
      return finding satisfies never;
  }
}

function hidden({ at, mount, by, used }: Hidden, unit: string | null): Words {
  const amount = used === null ? '' : ` with ${size(used)} used`;
  const where = by.path === at ? 'over it' : `at ${by.path}, above it`;
  const first = isMemory(by) ? `copy what is in ${by.path} elsewhere, for it is gone with its mount; ` : '';
  const last =
    by.type === 'zfs'
      ? `zfs set canmount=noauto ${shellWord(by.source)}`
      : `see /etc/fstab and: systemctl list-units -t mount`;
  return {
    told: `${nameOf(mount)}, mounted at ${at}${amount}, is hidden: ${nameOf(by)} is mounted ${where}, and read and written in its place`,
    mend: `${stop(unit)}${first}umount ${shellWord(by.path)}, which shows ${nameOf(mount)} again: compare the two, and bring together what is needed. So that it does not come back: ${last}`,
  };
}

const isMemory = ({ type }: Mount): boolean => type === 'tmpfs' || type === 'ramfs';

function unmounted({ at, dataset, on, written }: Extract<LayerFinding, { kind: 'unmounted' }>, unit: string | null): Words {
  const place = on === null ? '' : `: what is written there goes to ${nameOf(on)}`;
  const amount = written && written.files > 0 ? `, ${amountOf(written)} so far` : '';
  const aside = shellWord(`${at}.not-in-${dataset.name.replaceAll('/', '-')}`);
  const covered = on?.path === at ? `umount ${shellWord(at)}; ` : '';
  const move = written && written.files > 0 ? `mv ${shellWord(at)} ${aside}; ` : '';
  const back = move === '' ? '' : `, and bring back what is needed from ${aside}`;
  return {
    told: `the dataset ${dataset.name} (${size(dataset.used)} used) belongs at ${at} and is not mounted${place}${amount}`,
    mend: `${stop(unit)}${covered}${move}${mountCommand(dataset, at)}${back}`,
  };
}

function mountCommand({ name, mountpoint, lockedBy }: DatasetState, at: string): string {
  const key = lockedBy === null ? '' : `zfs load-key ${shellWord(lockedBy)}; `;
  return `${key}${mountpoint.startsWith('/') ? `zfs mount ${shellWord(name)}` : `mount -t zfs ${shellWord(name)} ${shellWord(at)}`}`;
}

function absent({ at, dataset, zfs }: Absent): Words {
  const told = (why: string): string => `the dataset ${dataset}, which should hold ${at}, ${why}`;
  switch (zfs.kind) {
    case 'told':
      return {
        told: told('does not exist on this machine'),
        mend: `See what can be imported: zpool import. Is ${dataset} its right name (backup.zfsDataset)?`,
      };
    case 'none':
      return { told: told('is none: ZFS is not installed here'), mend: 'Install ZFS, or take backup.zfsDataset out.' };
    case 'silent':
      return {
        told: told(`is not mounted, and ZFS does not answer: ${zfs.reason}`),
        mend: 'See zpool status, lsmod and dmesg, then look again.',
      };
    default:
      return zfs satisfies never;
  }
}

function claimed({ at, first, others }: Claimed): Words {
  const names = others.map(({ name }) => name);
  const automatic = others.find(({ canmount }) => canmount === 'on');
  const who = names.length === 1 ? `the dataset ${names[0] ?? ''}` : `the datasets ${names.join(' and ')}`;
  const told =
    first === null
      ? `${who} have one mountpoint, ${at}, and none of them is mounted`
      : `${who}, not mounted, ${names.length === 1 ? 'has' : 'have'} the mountpoint ${at}, where ${first} is mounted`;
  return automatic === undefined
    ? { told: `${told}; nothing mounts ${names.length === 1 ? 'it' : 'them'} by itself (canmount=noauto)`, mend: null }
    : {
        told: `${told}: after the next boot one hides the other`,
        mend: `Say which it is not: zfs set canmount=noauto ${shellWord(automatic.name)}. Its files stay, and nothing is unmounted by that.`,
      };
}

function beneath({ at, mount, on, directory, measured }: Beneath): Words {
  const where = `${on.path === '/' ? '' : on.path}/${directory}`;
  const shell = `unshare --mount sh -c ${shellWord(`mount --bind ${shellWord(on.path)} /mnt && exec sh`)}`;
  return {
    told: `${amountOf(measured)} in ${where} of ${nameOf(on)} beneath ${nameOf(mount)}, which is mounted over ${where === at ? 'it' : at} and hides ${measured.files === 1 ? 'it' : 'them'}`,
    mend: `Look without unmounting, in a shell of its own, where ${shellWord(`/mnt/${directory}`)} is that directory: ${shell}. Copy what is needed to where it belongs, then remove it there.`,
  };
}

const elsewhere = ({ at, process: { unit, pid }, here, there }: Elsewhere): Words => ({
  told: `${unit} (process ${pid}) sees ${nameOf(there)} at ${at} in its own mount namespace, and writes there; everybody else sees ${nameOf(here)}`,
  mend: `Save what it wrote, seen at ${shellWord(`/proc/${pid}/root${at}`)} while it runs; then: systemctl restart ${shellWord(unit)}`,
});

const stop = (unit: string | null): string =>
  unit === null ? 'Stop what uses it, then: ' : `systemctl stop ${shellWord(unit)}; `;

/** 'the dataset tank/app', 'the ext4 file system /dev/sda1', 'a tmpfs'. */
function nameOf({ type, source }: Mount): string {
  if (type === 'zfs') return `the dataset ${source}`;
  return source.includes('/') || source.includes(':') ? `the ${type} file system ${source}` : `a ${type}`;
}

const amountOf = ({ files, bytes, more }: Measured): string =>
  `${more ? 'more than ' : ''}${files} file${files === 1 && !more ? '' : 's'} (${size(bytes)})`;

const size = (bytes: number): string => describeBytes(bytes as Bytes);
