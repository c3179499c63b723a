// The host that lives by itself: three services, two repositories, everything that recurs, and somebody who is told.

import type { UserMode } from '../../../lab/user-mode/user-mode.ts';
import { PASSWORD_FILE } from './holdfast-on.ts';
import type { TimeLapseOptions } from './time-lapse.ts';

export const NEAR = '/srv/near';
export const TOLD = '/var/lib/unattended/told';
const TEXTFILE = '/var/lib/unattended/holdfast.prom';

/** Somebody writes notes, too. */
const OBSERVE = `cat ${TEXTFILE}
echo '# systemd' $(awk '/^VmRSS/ { print $2 }' /proc/1/status)
echo '# agent' $(awk '/^VmRSS/ { print $2 }' /proc/$(systemctl show --property=MainPID --value agent.service)/status)
echo '# available' $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
date >>/srv/notes/file
`;

export const LAPSE: TimeLapseOptions = {
  units: 'holdfast*',
  stilled: ['holdfast-metrics.timer', 'holdfast-notify.timer'],
  observe: OBSERVE,
};

const owed = (rpo: string): object => ({
  protection: { rpo, rto: '1h', copies: 1, media: 1, offsite: 0, verifiedWithin: '16d', drilledWithin: '40d' },
});
const CONFIG = {
  version: 1,
  host: 'forge',
  repositories: {
    near: { url: NEAR, passwordFile: PASSWORD_FILE },
    far: { url: '/srv/far', passwordFile: PASSWORD_FILE, frequency: 'weekly' },
  },
  defaults: { repositories: ['near'], retention: { daily: 3 } },
  services: {
    // An hour before all that is daily: what fails first is told first, and the rest with the next occasion.
    notes: { backup: { paths: ['/srv/notes'], frequency: '23:00' }, ...owed('3d') },
    site: { backup: { paths: ['/srv/site'], frequency: 'Sat 18:30 America/New_York' }, ...owed('16d') },
    ledger: {
      backup: { paths: ['/srv/ledger'], repositories: ['near', 'far'], frequency: 'Thu 02:30' },
      ...owed('9d'),
    },
  },
  verification: {
    repositories: ['near'],
    schedule: 'weekly',
    checkData: true,
    restoreTesting: { enable: true, schedule: 'monthly' },
  },
  metrics: { textfile: TEXTFILE },
  notifications: { channels: { desk: { type: 'command', command: ['/usr/local/bin/tell'] } } },
};

const TELL = `#!/bin/sh
printf '%s\\t' "$(date +%s)" "$HOLDFAST_EVENT" "$HOLDFAST_SERVICES" "$HOLDFAST_REPOSITORIES" >>${TOLD}
printf '%s\\n' "$HOLDFAST_TITLE" >>${TOLD}
`;

const AGENT = `[Service]
Type=exec
ExecStart=/usr/local/bin/holdfast agent
RuntimeDirectory=holdfast
[Install]
WantedBy=multi-user.target
`;

/** systemd takes a clock that was set for a boot, and begins a delay again that had begun: it would never end. */
const NO_DELAY = '[Timer]\nRandomizedDelaySec=0\n';

const PREPARE = `set -e
ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
mkdir -p /var/lib/unattended
for service in notes site ledger; do mkdir -p /srv/$service && head -c 20000 /dev/urandom >/srv/$service/file; done
holdfast repository init near far
for service in notes site ledger; do holdfast run $service; done
holdfast units install
systemctl enable --quiet --now agent.service
systemctl start holdfast-metrics.service holdfast-notify.service
`;

/** Everything was backed up once, and its units are installed. */
export async function makeUnattendedHost(host: UserMode): Promise<void> {
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(CONFIG, null, 1));
  await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  await host.write('/usr/local/bin/tell', TELL, 0o755);
  await host.write('/etc/systemd/system/agent.service', AGENT);
  await host.write('/etc/systemd/system/holdfast-.timer.d/no-delay.conf', NO_DELAY);
  await host.sh(PREPARE);
}
