// ZFS datasets, as they are and as they are declared: values with their sources. Pure types, and what is true of ZFS whoever asks.

/** A property's value with its source, as `zfs get` tells them: two datasets with one value and two sources differ. */
export interface PropertyState {
  /** Exact: sizes in bytes, as `zfs get -p` prints them. */
  readonly value: string;
  readonly source: PropertySource;
}

/** `none`: it cannot be set, or only when the dataset is made. */
export type PropertySource =
  | { readonly kind: 'local' | 'default' | 'received' | 'temporary' | 'none' }
  | { readonly kind: 'inherited'; readonly from: string };

export interface DatasetState {
  readonly name: string;
  readonly type: 'filesystem' | 'volume';
  /** Bytes, those of datasets below and of snapshots included. */
  readonly used: number;
  /** An absolute path, `none` or `legacy`. */
  readonly mountpoint: string;
  readonly canmount: 'on' | 'off' | 'noauto';
  readonly mounted: boolean;
  /** The dataset whose key it needs while that is not loaded; null where nothing is in the way. */
  readonly lockedBy: string | null;
}

export interface PoolState {
  readonly name: string;
  /** ONLINE, DEGRADED, SUSPENDED, ... */
  readonly health: string;
  readonly readOnly: boolean;
}

/** Said of a property: whatever the dataset above it has. */
export const INHERIT = 'inherit';

export interface DeclaredDataset {
  /** 'tank/persist/sonarr' */
  readonly name: string;
  /** Null: the one below which services get theirs. One that is there stays where it is mounted. */
  readonly service: string | null;
  /** Where it is mounted: an absolute path. */
  readonly mountpoint: string;
  /** Set on the dataset itself; `inherit` for those that must not be. */
  readonly properties: Readonly<Record<string, string>>;
  /** Of the mountpoint, as names or numbers; null: left as they are. */
  readonly owner: string | null;
  readonly group: string | null;
  /** Octal, as in '0750'. */
  readonly mode: string | null;
}

/** Where this dataset would be mounted if its mountpoint came from above; null where that mounts nothing. */
export function inheritedMountpoint(name: string, parentMountpoint: string | null): string | null {
  if (parentMountpoint === null || !parentMountpoint.startsWith('/')) return null;
  return `${parentMountpoint === '/' ? '' : parentMountpoint}/${name.slice(name.lastIndexOf('/') + 1)}`;
}

export const parentOf = (name: string): string | null => (name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : null);

export const poolOf = (name: string): string => name.split('/')[0] ?? name;

/** All above it, the pool's own first. */
export const ancestorsOf = (name: string): string[] =>
  name
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));

/** They are fixed when the dataset is made. Source: zfsprops(7). */
export const CREATE_ONLY: ReadonlySet<string> = new Set([
  'casesensitivity',
  'encryption',
  'keyformat',
  'normalization',
  'pbkdf2iters',
  'utf8only',
  'volblocksize',
]);

/** `zfs inherit` refuses them. Source: zfsprops(7). */
export const NEVER_INHERITED: ReadonlySet<string> = new Set([
  'canmount',
  'filesystem_limit',
  'quota',
  'refquota',
  'refreservation',
  'reservation',
  'snapshot_limit',
  'volsize',
]);

/** Whether a value as people write it (`16K`, `none`) is what `zfs get -p` prints. */
export const isSameValue = (property: string, written: string, exact: string): boolean =>
  written === exact || exactOf(property, written) === exact;

function exactOf(property: string, written: string): string {
  const spelling = SPELLINGS[property]?.[written];
  if (spelling !== undefined) return spelling;
  if (!SIZES.has(property)) return written;
  if (written === 'none') return '0';
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMGTPE]?)(?:i?B)?$/i.exec(written) ?? [];
  return count === '' ? written : String(Math.round(Number(count) * 1024 ** UNITS.indexOf(unit.toUpperCase())));
}

/** A value as people write it: sizes with their unit. */
export function describeValue(property: string, exact: string): string {
  if (!SIZES.has(property) || !/^\d+$/.test(exact)) return exact;
  if (exact === '0') return 'none';
  let [count, unit] = [Number(exact), 0];
  while (count % 1024 === 0 && unit < UNITS.length - 1) [count, unit] = [count / 1024, unit + 1];
  return `${count}${UNITS[unit]}`;
}

/** Two words for one value: `zfs get` prints the other one. */
const SPELLINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  acltype: { noacl: 'off', posixacl: 'posix' },
  compression: { 'gzip-6': 'gzip', 'zstd-fast-1': 'zstd-fast' },
  encryption: { on: 'aes-256-gcm' },
  xattr: { sa: 'on' }, // since OpenZFS 2.3; before, it prints sa
};

const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const SIZES = new Set([
  'quota',
  'recordsize',
  'refquota',
  'refreservation',
  'reservation',
  'special_small_blocks',
  'volblocksize',
]);
