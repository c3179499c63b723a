// What the processes of a unit may not do: as much as leaves their work unharmed. Each leniency is told in the unit.
//
// No path is bound (ProtectSystem=strict with ReadWritePaths=, ProtectHome=, PrivateTmp=): a bound path is a mount point to
// whoever looks from inside, and an empty directory would pass for the NAS that should be mounted there. Never
// MemoryDenyWriteExecute= (JavaScript is compiled while it runs) and never ProtectClock= (it denies every device: /dev/zfs, FUSE).

import type { UnitLine } from './unit-file.ts';

/**
 * `tell`: reads the journal, writes a file or sends something. `work`: reads services and repositories, makes snapshots and
 * mounts of its own. `drill`: the same, and runs what was restored in a sandbox. `restore`: puts data in its place, and stops and
 * starts units. `hooks`: runs programs of the administrator.
 * `anything`: runs jobs of every kind.
 */
export type Deeds = 'tell' | 'work' | 'drill' | 'restore' | 'hooks' | 'anything';
type Bounded = Exclude<Deeds, 'hooks' | 'anything'>;

/** To read and write files of everybody, to become the owner of a repository, to end one's children. */
const FILES = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'];
/** To mount, and to give that up again. */
const MOUNTS = ['SETPCAP', 'SYS_ADMIN'];
/** To make files of every kind. */
const RESTORED = ['LINUX_IMMUTABLE', 'MKNOD', 'SETFCAP'];

const CAPABILITIES: Readonly<Record<Bounded, readonly string[]>> = {
  tell: FILES,
  work: [...FILES, ...MOUNTS],
  drill: [...FILES, ...MOUNTS, ...RESTORED],
  restore: [...FILES, ...MOUNTS, ...RESTORED],
};

/** Kinds of namespaces that it makes. */
const NAMESPACES: Readonly<Record<Bounded, readonly string[]>> = {
  tell: [],
  work: ['mnt'],
  drill: ['mnt', 'pid', 'net', 'ipc', 'uts'],
  restore: ['mnt', 'pid', 'net', 'ipc', 'uts'],
};

export function hardening(deeds: Deeds): UnitLine[] {
  if (deeds === 'hooks') {
    return [
      {
        remark: 'Its hooks are programs of the administrator, who may need anything (sudo, containers, databases): hence an',
      },
      { remark: 'exposure (systemd-analyze security) above 5.0. A drop-in may forbid what they do not need.' },
      ...ALWAYS,
    ];
  }
  if (deeds === 'anything') {
    return [
      {
        remark: 'The jobs that it starts run in it, hooks and all: hence an exposure (systemd-analyze security) above 5.0.',
      },
      ...ALWAYS,
    ];
  }
  const namespaces = NAMESPACES[deeds];
  return [
    ...ALWAYS,
    ['NoNewPrivileges', 'yes'],
    ['CapabilityBoundingSet', CAPABILITIES[deeds].map((name) => `CAP_${name}`).join(' ')],
    ['SystemCallFilter', deeds === 'tell' ? '@system-service' : '@system-service @mount'],
    ['SystemCallErrorNumber', 'EPERM'],
    ['RestrictNamespaces', namespaces.length === 0 ? 'yes' : namespaces.join(' ')],
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'],
    ...(deeds === 'restore' ? IN_PLACE : APART),
    ...(deeds === 'drill' || deeds === 'restore' ? [] : ([['RestrictSUIDSGID', 'yes']] as const)),
    ...(deeds === 'tell' ? [] : ([['UMask', '0077']] as const)),
  ];
}

/** They take nothing from anybody. */
const ALWAYS: readonly UnitLine[] = [
  ['KeyringMode', 'private'],
  ['LockPersonality', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['SystemCallArchitectures', 'native'],
];

/** In a mount namespace: what others mount is seen, what is mounted in it ends with it. */
const APART: readonly UnitLine[] = [
  ['ProtectControlGroups', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectSystem', 'full'],
];

const IN_PLACE: readonly UnitLine[] = [
  { remark: 'No mount namespace: what it renames and mounts is for the service, not only for itself. Hence an exposure' },
  { remark: '(systemd-analyze security) above 5.0.' },
];
