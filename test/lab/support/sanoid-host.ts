// A machine on which Debian's sanoid and syncoid run beside Holdfast, each when it is its turn: what is due at a time of the day, what
// happens while a backup reads, and what everybody said.

import type { Lab } from '../../../lab/lab.ts';
import type { Machine } from '../../../lab/machine/machine.ts';
import { PASSWORD_FILE } from './holdfast-on.ts';
import { as } from './pool-history.ts';
import { quickRepositories } from './quick-on.ts';

const SANOID_CONF = `[tank/app]
use_template=kept
recursive=yes
[tank/app/db]
use_template=kept
hourly=2
daily=1
[shelf]
use_template=copies
recursive=yes
process_children_only=yes
[template_kept]
hourly=6
daily=2
monthly=1
autosnap=yes
autoprune=yes
[template_copies]
hourly=4
daily=3
monthly=1
autosnap=no
autoprune=yes
`;
const SCENE = String.raw`set -e
systemctl disable --quiet --now sanoid.timer
zpool create -O mountpoint=none tank "$1"
zpool create -O mountpoint=none shelf "$2"
zfs create -o mountpoint=/srv/app tank/app
zfs create tank/app/db
zfs create shelf/theirs
mv /usr/bin/restic /usr/bin/restic.real
chmod 755 /usr/local/bin/as /usr/local/bin/stop /usr/local/bin/restic /usr/local/bin/meanwhile
mkdir /root/said
ln -s /usr/local/bin/restic /usr/bin/restic`;

/** restic, when it is about to save: everybody else has a turn, and the temporary snapshots are listed before and after. */
const RESTIC = String.raw`#!/bin/sh
case "$*" in *backup*--host*--tag=holdfast:job*) nsenter --mount=/proc/1/ns/mnt meanwhile </dev/null >/dev/null 2>&1 ;; esac
exec restic.real "$@"
`;
const TEMPORARY = "zfs list -H -t snapshot -o name -r tank | grep '@holdfast-' | tr '\\n' ' '";
export const SANOID = 'as sanoid sanoid --cron --verbose >>/root/said/sanoid 2>&1';
export const SYNCOID =
  'as syncoid syncoid --recursive tank/app shelf/theirs/app >>/root/said/syncoid 2>&1 || echo "ended with $?" >>/root/said/syncoid';
/** Of ours, with what it answers. */
export const ours = (words: string): string =>
  `as holdfast holdfast --json ${words} >>/root/said/holdfast 2>/root/said/errors`;
const MEANWHILE = `#!/bin/sh
before=$(${TEMPORARY})
${SANOID}
${ours('snapshot prune')}
${SYNCOID}
${ours('replicate')}
echo "$before: $(${TEMPORARY})" >>/root/said/temporary
as holdfast true
`;

/** What is due at one stop: $1, seconds since the epoch; $2, of the day the how manieth. Either may be the first to take. */
const STOP = `#!/bin/sh
date -s "@$1" >/dev/null
date >/srv/app/file
date >/srv/app/db/file
if [ $(($2 % 2)) = 0 ]; then ${SANOID}; fi
${ours('snapshot take')}
if [ $(($2 % 2)) = 1 ]; then ${SANOID}; fi
case $2 in
  0) ${SYNCOID} ;;
  1) ${ours('run')} ;;
  3) ${SYNCOID}; ${ours('replicate')}; ${ours('snapshot prune')} ;;
esac
true
`;

/** With the pools tank, of which tank/app and tank/app/db are snapshotted and sent on, and shelf, which the replicas are on. */
export async function sanoidHost(lab: Lab): Promise<Machine> {
  const host = await lab.machine({
    name: 'forge',
    disks: ['2GB', '4GB'],
    packages: ['sanoid'],
    files: {
      '/etc/sanoid/sanoid.conf': SANOID_CONF,
      '/usr/local/bin/as': as(['tank', 'shelf']),
      '/usr/local/bin/stop': STOP,
      '/usr/local/bin/restic': RESTIC,
      '/usr/local/bin/meanwhile': MEANWHILE,
    },
  });
  await host.sh(SCENE, host.disks);
  await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  await quickRepositories(host, ['/srv/near']);
  return host;
}
