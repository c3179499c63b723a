// What stands before each start of a service: `holdfast recover` where nothing is lost, for files and for a PostgreSQL server, on a
// host whose journal is years old.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORT, startProduction, USER } from '../test/support/pgbackrest.ts';
import type { Scratch } from './scratch.ts';
import { writeHistory } from './startup.ts';
import { type Bench, moreWall, renderBench } from './table.ts';

const SERVICES = 20;
const ROUNDS = 15;

/** The server keeps running: where it stands and what it is of is read from its directory. */
export async function recoverBench(scratch: Scratch, rounds = ROUNDS): Promise<string> {
  using production = startProduction();
  production.pgbackrest('--type=full', 'backup');
  const { data: dataDir, socket, configFile } = production;
  const server = { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile };
  return await renderBench(healthy(server), scratch, rounds);
}

const healthy = (server: Readonly<Record<string, unknown>>): Bench => ({
  title: `holdfast recover where nothing is lost, ${SERVICES} services, years of history, against true`,
  rounds: ROUNDS,
  warmUp: true,
  goals: [moreWall(0.3)],
  contestants(scratch) {
    const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
    for (const name of names) {
      mkdirSync(scratch.path('data', name), { recursive: true });
      writeFileSync(join(scratch.path('data', name), 'file'), name);
    }
    const config = scratch.writeConfiguration('holdfast.yaml', {
      stateDir: scratch.path('state'),
      repositories: {
        near: { url: scratch.path('near'), passwordFile: scratch.path('password') },
        far: { url: scratch.path('far'), passwordFile: scratch.path('password'), location: 'offsite' },
      },
      services: {
        ...Object.fromEntries(names.map((name) => [name, { backup: { paths: [scratch.path('data', name)] } }])),
        db: { postgres: server },
      },
    });
    mkdirSync(scratch.path('state'), { mode: 0o700 });
    writeHistory(scratch.path('state', 'journal.db'), names);
    return [
      { name: 'true', argv: ['true'] },
      { name: 'holdfast recover, files', argv: scratch.holdfast(config, 'recover', 'service-0', '--quiet') },
      { name: 'holdfast recover, PostgreSQL', argv: scratch.holdfast(config, 'recover', 'db', '--quiet') },
    ];
  },
});
