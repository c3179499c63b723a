// What `holdfast units install` takes for many services on a real systemd, in a container of the lab: the first time, with one
// daemon-reload, and again when nothing is to be done. Beside it what the reload alone takes.

import type { Host } from '../lab/host.ts';
import { openLab } from '../lab/lab.ts';
import { missingFor } from '../lab/requirements.ts';
import { median } from './measure.ts';

const ROUNDS = 5;
const SERVICES = 100;
const LIMIT = 1; // s, beside one daemon-reload

export async function unitsBench(rounds = ROUNDS): Promise<string> {
  const missing = missingFor('container');
  if (missing) return `holdfast units install: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.container({ name: 'forge' });
  const services = Array.from({ length: SERVICES }, (_, index) => [
    `service-${index}`,
    { backup: { paths: [`/srv/${index}`] } },
  ]);
  await host.write(
    '/etc/holdfast/holdfast.yaml',
    JSON.stringify({
      version: 1,
      host: 'forge',
      repositories: { nas: { url: '/srv/nas', passwordFile: '/etc/holdfast/password' } },
      services: Object.fromEntries(services) as unknown,
    }),
  );
  await host.write('/etc/holdfast/password', 'correct horse\n', 0o600);
  const first: number[] = [];
  const reloads: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await host.sh(
      `systemctl stop 'holdfast-*.timer'; cd /etc/systemd/system && rm -rf holdfast* *.wants/holdfast*; systemctl daemon-reload`,
    );
    first.push(await timed(host, 'holdfast units install'));
    reloads.push(await timed(host, 'systemctl daemon-reload'));
    again.push(await timed(host, 'holdfast units install'));
  }
  const [install, reload, nothing] = [median(first), median(reloads), median(again)];
  const count = (await host.tell('sh', '-c', 'ls -d /etc/systemd/system/holdfast* | wc -l')).trim();
  const beside = install - reload;
  return `holdfast units install for ${SERVICES} services, ${count} units (medians of ${rounds} rounds)
  the first time: ${install.toFixed(2)} s, of which a daemon-reload takes ${reload.toFixed(2)} s; beside it ${beside.toFixed(2)} s, at most ${LIMIT} s: ${beside <= LIMIT ? 'reached' : 'MISSED'}
  again, with nothing to do: ${nothing.toFixed(2)} s
`;
}

async function timed(host: Host, command: string): Promise<number> {
  const script = `a=$(date +%s%N); ${command} >/run/bench.out 2>&1 || { cat /run/bench.out >&2; exit 1; }; b=$(date +%s%N); echo $(($b - $a))`;
  return Number((await host.sh(script)).stdout) / 1e9;
}
