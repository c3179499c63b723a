// What `holdfast snapshot prune` takes against sanoid on the same pool, in a machine of the lab: of 10,000 snapshots first Holdfast
// destroys 2,000, then sanoid the next 2,000, from fewer. And `snapshot take` for a hundred datasets, by its calls of zfs.

import { duration } from '../src/domain/duration.ts';
import type { Host } from '../lab/host.ts';
import { openLab } from '../lab/lab.ts';
import { missingFor } from '../lab/requirements.ts';

const DATASETS = 20;
const EACH = 500;
const PRUNED = 100;
const TAKEN = 100;
const HOUR = duration(1, 'h');
const GOALS = { time: 20, processes: 50 };

export async function snapshotsBench(): Promise<string> {
  const missing = missingFor('machine');
  if (missing) return `holdfast snapshot: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.machine({ name: 'forge', disks: ['1GB'], packages: ['sanoid'] });
  await host.sh(FILL, [host.disks[0] ?? '', String(DATASETS), String(EACH)], { timeout: HOUR });
  await declare(host, EACH - PRUNED);
  const holdfast = await measured(host, 'holdfast snapshot prune --quiet');
  await declare(host, EACH - 2 * PRUNED);
  const sanoid = await measured(host, 'sanoid --prune-snapshots');
  const ratio = { time: sanoid.seconds / holdfast.seconds, processes: sanoid.processes / holdfast.processes };
  await host.sh(`for i in $(seq ${TAKEN}); do zfs create tank/taken$i; done; ${COUNT_CALLS}`);
  await declare(host, EACH, { monthly: 1 });
  await host.sh('PATH=/root/counting:$PATH holdfast snapshot take --quiet');
  const calls = (await host.read('/root/calls')).trim().split('\n');
  return [
    `holdfast snapshot prune against sanoid, ${DATASETS * PRUNED} of ${DATASETS * EACH} snapshots in ${DATASETS} datasets`,
    `  holdfast  ${holdfast.seconds.toFixed(1)} s  ${holdfast.processes} processes and threads  destroyed ${holdfast.destroyed}`,
    `  sanoid    ${sanoid.seconds.toFixed(1)} s  ${sanoid.processes} processes and threads  destroyed ${sanoid.destroyed}`,
    `  ${verdict(ratio.time, GOALS.time)} times as fast, with ${verdict(ratio.processes, GOALS.processes)} times fewer processes`,
    `holdfast snapshot take, ${TAKEN} datasets in one pool: ${calls.filter((call) => call.startsWith('snapshot ')).length} zfs snapshot of ${calls.length} calls of zfs`,
    '',
  ].join('\n');
}

const verdict = (value: number, goal: number): string => `${value.toFixed(1)}${value >= goal ? '' : ` (goal: ${goal})`}`;

/** A year passes after they were taken. */
const FILL = `set -e
systemctl disable --quiet --now sanoid.timer; mkdir -p /etc/sanoid
zpool create tank "$1"; for d in $(seq $2); do zfs create tank/d$d; done
for s in $(seq $3); do
  at=$(date -u -d "2025-01-01 $s hours" +%F_%T)
  zfs snapshot $(for d in $(seq $2); do echo tank/d$d@autosnap_\${at}_hourly; done)
done
date -s '+1 year'`;

const COUNT_CALLS = `mkdir -p /root/counting
printf '#!/bin/sh\\necho "$@" >>/root/calls\\nexec /usr/sbin/zfs "$@"\\n' >/root/counting/zfs; chmod 755 /root/counting/zfs`;

async function declare(host: Host, hourly: number, more: Readonly<Record<string, number>> = {}): Promise<void> {
  const zfs = { adopt: 'sanoid', datasets: { tank: { hourly, ...more, recursive: 'children' } } };
  await host.write(
    '/etc/holdfast/holdfast.yaml',
    JSON.stringify({
      version: 1,
      host: 'forge',
      repositories: { near: { url: '/srv/near', passwordFile: '/etc/holdfast/password' } },
      services: {},
      replication: { zfs },
    }),
  );
  await host.write('/etc/holdfast/password', 'correct horse\n', 0o600);
  await host.write(
    '/etc/sanoid/sanoid.conf',
    `[tank]\nrecursive=yes\nprocess_children_only=yes\nautosnap=no\nhourly=${hourly}\ndaily=0\nmonthly=0\n`,
  );
}

interface Figures {
  readonly seconds: number;
  readonly processes: number;
  readonly destroyed: number;
}

/** Processes as the kernel counts them: threads are among them, to the disadvantage of Node.js. */
async function measured(host: Host, command: string): Promise<Figures> {
  const count = 'zfs list -H -t snapshot -o name -s name -r tank | wc -l';
  const forks = "awk '/^processes/ {print $2}' /proc/stat";
  const said = await host.sh(
    `before=$(${count}); one=$(${forks}); start=$(date +%s.%N); ${command} >/dev/null 2>&1; end=$(date +%s.%N); two=$(${forks})
echo "$start $end $((two - one)) $((before - $(${count})))"`,
    [],
    { timeout: HOUR },
  );
  const [start = NaN, end = NaN, processes = NaN, destroyed = NaN] = said.stdout.trim().split(' ').map(Number);
  return { seconds: end - start, processes, destroyed };
}
