// What snapshots of a hundred datasets cost on real OpenZFS, in a machine of the lab: the plan of their replication beside one `zfs list`
// of them; `holdfast snapshot prune` of a fifth of them, then sanoid with the next fifth, from fewer; `snapshot take`, by its calls of zfs.
// A machine that is emulated takes hours for all 10,000: `--rounds 20` makes it 20 of each dataset instead of 100, for both sides.
// sanoid remembers its listing for 20 minutes: here each lists anew, as it does where it is started less often. How long sanoid takes when
// nothing is to go is taken off once more: what is left is destroying alone.

import { duration } from '../src/domain/duration.ts';
import type { Report } from '../src/domain/report.ts';
import type { Host } from '../lab/host.ts';
import { openLab } from '../lab/lab.ts';
import { missingFor } from '../lab/requirements.ts';
import { median } from './measure.ts';

const DATASETS = 100;
const EACH = 100;
const PAIRS = 3;
const HOUR = duration(1, 'h');
const GOALS = { time: 20, processes: 50, plan: 2 };

export async function snapshotsBench(each = EACH): Promise<string> {
  const missing = missingFor('machine');
  if (missing) return `holdfast snapshot: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.machine({ name: 'forge', disks: ['1GB', '200MB'], packages: ['sanoid'] });
  return await measureOn(host, host.disks, each);
}

async function measureOn(host: Host, disks: readonly string[], each: number): Promise<string> {
  await host.sh(FILL, [...disks, String(DATASETS), String(each)], { timeout: HOUR });
  const gone = Math.floor(each / 5);
  await declare(host, each - gone);
  const plan = await planning(host);
  const holdfast = await pruning(host, 'holdfast --json snapshot prune', DATASETS * each);
  const { steps } = JSON.parse(await host.read('/root/said')) as Report; // its shape has a test of its own
  const alone = steps.reduce((sum, { durationSeconds }) => sum + (durationSeconds ?? 0), 0);
  await declare(host, each - 2 * gone);
  const sanoid = await pruning(host, 'sanoid --force-update --prune-snapshots', holdfast.left);
  const again = await pruning(host, 'sanoid --force-update --prune-snapshots', sanoid.left);
  const ratio = {
    time: sanoid.seconds / holdfast.seconds,
    alone: (sanoid.seconds - again.seconds) / alone,
    processes: sanoid.processes / holdfast.processes,
  };
  await declare(host, each, { monthly: 1 });
  await host.sh(`PATH=/root/counting:$PATH holdfast snapshot take --quiet`, [], { timeout: HOUR });
  const calls = (await host.read('/root/calls')).trim().split('\n');
  const takes = calls.filter((call) => call.startsWith('snapshot '));
  return [
    `the plan of a replication of ${DATASETS} datasets with ${DATASETS * each} snapshots, beside one zfs list of them (medians of ${PAIRS} rounds)`,
    `  zfs list ${plan.listing.toFixed(1)} s, the plan ${plan.plan.toFixed(1)} s: ${atMost(plan.ratio, GOALS.plan)} times as long`,
    `holdfast snapshot prune against sanoid, ${DATASETS * gone} of ${DATASETS * each} snapshots in ${DATASETS} datasets`,
    `  holdfast  ${told(holdfast)}, ${alone.toFixed(1)} s of it without what there is to be listed`,
    `  sanoid    ${told(sanoid)}, ${(sanoid.seconds - again.seconds).toFixed(1)} s of it without`,
    `  ${atLeast(ratio.time, GOALS.time)} times as fast, ${ratio.alone.toFixed(1)} times without listing, with ${atLeast(ratio.processes, GOALS.processes)} times fewer processes`,
    `holdfast snapshot take, ${DATASETS} datasets in one pool, two kinds: ${takes.length} zfs snapshot of ${calls.length} calls of zfs`,
    '',
  ].join('\n');
}

const atLeast = (value: number, goal: number): string => `${value.toFixed(1)}${value >= goal ? '' : ` (goal: ${goal})`}`;
const atMost = (value: number, goal: number): string => `${value.toFixed(2)}${value <= goal ? '' : ` (goal: ${goal})`}`;
const told = ({ seconds, processes, destroyed }: Figures): string =>
  `${seconds.toFixed(1)} s  ${processes} processes and threads  destroyed ${destroyed}`;

/** A year passes after they were taken. */
const FILL = String.raw`set -e
systemctl disable --quiet --now sanoid.timer; mkdir -p /etc/sanoid
zpool create -O canmount=off tank "$1"; zpool create vault "$2"; for d in $(seq $3); do zfs create -o canmount=off tank/d$d; done
for s in $(seq $4); do
  at=$(date -u -d "2025-01-01 $s hours" +%F_%T)
  zfs snapshot $(for d in $(seq $3); do echo tank/d$d@autosnap_${'$'}{at}_hourly; done)
done
date -s '+1 year'
mkdir -p /root/counting /root/planning
printf '#!/bin/sh\necho "$@" >>/root/calls\nexec /usr/sbin/zfs "$@"\n' >/root/counting/zfs
printf '#!/bin/sh\n[ "$1" = send ] || exec /usr/sbin/zfs "$@"\n[ -e /root/asked ] || date +%%s.%%N >/root/asked\nexit 1\n' >/root/planning/zfs
chmod 755 /root/counting/zfs /root/planning/zfs`;

async function declare(host: Host, hourly: number, more: Readonly<Record<string, number>> = {}): Promise<void> {
  const zfs = {
    adopt: 'sanoid',
    datasets: { tank: { hourly, ...more, recursive: 'children' } },
    targets: { vault: { destination: 'vault/forge', datasets: ['tank'] } },
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify({ version: 1, host: 'forge', replication: { zfs } }));
  await host.write(
    '/etc/sanoid/sanoid.conf',
    `[tank]\nrecursive=yes\nprocess_children_only=yes\nautosnap=no\nhourly=${hourly}\ndaily=0\nmonthly=0\n`,
  );
}

interface Figures {
  readonly seconds: number;
  readonly processes: number;
  readonly destroyed: number;
  /** How many snapshots there are then. */
  readonly left: number;
}

const COUNT = 'zfs list -H -t snapshot -o name -s name -r tank | wc -l';

/** Processes as the kernel counts them: threads are among them, to the disadvantage of Node.js. `before`: snapshots that there are. */
async function pruning(host: Host, command: string, before: number): Promise<Figures> {
  const forks = "awk '/^processes/ {print $2}' /proc/stat";
  const said = await host.sh(
    `one=$(${forks}); start=$(date +%s.%N); ${command} >/root/said 2>/dev/null; end=$(date +%s.%N); two=$(${forks})
echo "$start $end $((two - one)) $(${COUNT})"`,
    [],
    { timeout: HOUR },
  );
  const [start = NaN, end = NaN, processes = NaN, left = NaN] = numbersIn(said.stdout);
  return { seconds: end - start, processes, destroyed: before - left, left };
}

/** Until the plan is made: what a dry run asks after that, how much each dataset would be, is not of it, and is not answered. */
async function planning(host: Host): Promise<{ readonly listing: number; readonly plan: number; readonly ratio: number }> {
  const rounds: { readonly listing: number; readonly plan: number }[] = [];
  for (let round = 0; round < PAIRS; round += 1) {
    const said = await host.sh(
      `rm -f /root/asked; a=$(date +%s.%N); zfs list -Hp -t snapshot -o name,guid,createtxg,creation -s name -r tank >/dev/null; b=$(date +%s.%N)
PATH=/root/planning:$PATH holdfast replicate --dry-run >/dev/null 2>&1; echo "$a $b $(cat /root/asked)"`,
      [],
      { timeout: HOUR },
    );
    const [start = NaN, end = NaN, asked = NaN] = numbersIn(said.stdout);
    rounds.push({ listing: end - start, plan: asked - end });
  }
  return {
    listing: median(rounds.map(({ listing }) => listing)),
    plan: median(rounds.map(({ plan }) => plan)),
    ratio: median(rounds.map(({ listing, plan }) => plan / listing)),
  };
}

const numbersIn = (text: string): number[] => text.trim().split(' ').map(Number);
