// The host of docs/forge.yaml, with units that stand in for its backups, and its gate.

import type { Section, UnitText } from './gate-units.ts';

const SYNCOID = ['sonarr', 'radarr', 'lidarr', 'prowlarr', 'plex', 'jellyfin', 'bazarr'];
const RESTIC = ['sonarr', 'radarr', 'lidarr', 'plex', 'jellyfin', 'bazarr', 'overseerr'];

/** The host of docs/forge.yaml: 15 backups that count, and snapshots that only warn. */
export const FORGE: readonly UnitText[] = [
  { name: 'sanoid' },
  ...SYNCOID.map((name) => ({ name: `syncoid-tank-services-${name}`, script: '[ ! -e /run/broken/%n ] && sleep 0.5' })),
  { name: 'syncoid-replication-info', script: 'exit 9' },
  { name: 'pgbackrest-full-backup', script: 'sleep 0.2' },
  ...RESTIC.map((name) => ({
    name: `restic-backup-${name}`,
    script: '[ ! -e /run/broken/%n ] && sleep 0.4 && if [ -e /run/hangs/%n ]; then sleep 600; fi',
  })),
];
export const FORGE_GATE: Section = {
  stages: [
    { name: 'ZFS snapshots', units: ['sanoid.service'], timeout: '5m', onFailure: 'warn' },
    { name: 'ZFS replication', units: ['syncoid-*.service'], exclude: ['syncoid-replication-info.service'], expect: 7 },
    { name: 'PostgreSQL', units: ['pgbackrest-full-backup.service'], timeout: '1h' },
    { name: 'Applications', units: ['restic-backup-*.service'], concurrency: 3, timeout: '3s' },
  ],
};
