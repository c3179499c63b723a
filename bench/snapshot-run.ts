// What a run from a temporary snapshot takes, beside a plain one of the same files: of btrfs in a container, at the speed of this machine,
// and of real OpenZFS in a machine of the lab. Both find a copy before and nothing that has changed; each has a host name of its own, so
// that neither is the other's parent.

import { duration } from '../src/domain/duration.ts';
import type { Host } from '../lab/host.ts';
import { openLab } from '../lab/lab.ts';
import { missingFor } from '../lab/requirements.ts';
import { quickRepositories } from '../test/lab/support/quick-on.ts';
import { median } from './measure.ts';

const HOUR = duration(1, 'h');
const ROUNDS = 7;
const FILES = 20_000;
/** At most so much longer than the plain one. */
const SHARE = 0.05;
const BESIDE = 0.3; // s

const PASSWORD_FILE = '/etc/holdfast/password';

const POOL = 'set -e; zpool create -O mountpoint=none tank "$1"; zfs create -o mountpoint=/srv/app tank/app';
const DATA =
  'cd /srv/app; for directory in $(seq 1 100); do mkdir $directory; (cd $directory; seq 1 $(($1 / 100)) | xargs touch); done';

export async function snapshotRunBench(rounds = ROUNDS): Promise<string> {
  return `${await ofBtrfs(rounds)}\n${await ofZfs(rounds)}`;
}

async function ofBtrfs(rounds: number): Promise<string> {
  const missing = missingFor('container');
  if (missing) return `a run from a snapshot of btrfs: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.container({ name: 'anvil', fileSystems: { '/srv/app': { type: 'btrfs', size: '400MB' } } });
  return await measureOn(host, 'btrfs', rounds);
}

async function ofZfs(rounds: number): Promise<string> {
  const missing = missingFor('machine');
  if (missing) return `a run from a snapshot of ZFS: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.machine({ name: 'forge', disks: ['400MB'] });
  await host.sh(POOL, [host.disks[0] ?? '']);
  return await measureOn(host, 'ZFS', rounds);
}

async function measureOn(host: Host, kind: string, rounds: number): Promise<string> {
  await host.sh(DATA, [String(FILES)], { timeout: HOUR });
  await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  await quickRepositories(host, ['/srv/near']);
  for (const [name, useSnapshots] of [
    ['plain', false],
    ['frozen', true],
  ] as const) {
    const config = {
      version: 1,
      host: name,
      stateDir: `/var/lib/${name}`,
      repositories: { near: { url: '/srv/near', passwordFile: PASSWORD_FILE } },
      services: { app: { backup: { paths: ['/srv/app'], useSnapshots } } },
    };
    await host.write(`/etc/holdfast/${name}.yaml`, JSON.stringify(config));
    await timed(host, name);
    await timed(host, name); // what is not measured: reading all, writing all, the first look into a repository
  }
  const pairs: { readonly plain: number; readonly frozen: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? await timed(host, 'plain') : null;
    const frozen = await timed(host, 'frozen');
    pairs.push({ frozen, plain: first ?? (await timed(host, 'plain')) });
  }
  const plain = median(pairs.map((pair) => pair.plain));
  const more = median(pairs.map((pair) => pair.frozen - pair.plain));
  const limit = plain * SHARE + BESIDE;
  return `a run of ${FILES} unchanged files from a snapshot of ${kind}, beside a plain one (medians of ${rounds} rounds)
  plain: ${plain.toFixed(2)} s; from a snapshot ${more.toFixed(2)} s more, at most ${limit.toFixed(2)} s (5 % and 0.3 s): ${more <= limit ? 'reached' : 'MISSED'}
`;
}

async function timed(host: Host, name: string): Promise<number> {
  const command = `holdfast --config /etc/holdfast/${name}.yaml run --quiet`;
  const script = `a=$(date +%s%N); ${command} >/run/bench.out 2>&1 || { cat /run/bench.out >&2; exit 1; }; b=$(date +%s%N); echo $(($b - $a))`;
  return Number((await host.sh(script, [], { timeout: HOUR })).stdout) / 1e9;
}
