// Asking a server what it is that was put into service: real ones, which are not what they should be.

import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StepContext } from '../../../src/domain/plan.ts';
import { duration } from '../../../src/domain/duration.ts';
import { proveInService, type ServiceOrder } from '../../../src/engine/postgres/in-service.ts';
import { PORT, type Production, startProduction, USER } from '../../support/pgbackrest.ts';
import { asOwner, OWNER, SERVER_PROGRAMS } from '../../support/postgres.ts';

const context = { signal: new AbortController().signal, progress: () => {} } as unknown as StepContext; // what it uses of it
const soon = { idle: duration(2, 's'), absent: duration(1, 's') };

function orderOf(production: Production): ServiceOrder {
  const { data, socket, configFile } = production;
  const postgres = { user: USER, socket, port: PORT, stanza: 'db', configFile };
  const systemId = production.sql('SELECT system_identifier FROM pg_control_system()');
  const recovery = {
    access: { program: 'pgbackrest', stanza: 'db', configFile, user: OWNER, subject: 'db' },
    cluster: { systemId },
    reach: { last: '000000010000000000000001' },
    at: null,
    timeline: 1,
  };
  const order = { recovery, service: { name: 'db' }, postgres, data: realpathSync(data), settings: { own: [], added: [] } };
  return { ...order, patience: soon } as unknown as ServiceOrder; // what it uses of it
}

test('a server that was not restored, another cluster, and one of another place are told apart from the one that was meant', async () => {
  using production = startProduction();
  const order = orderOf(production);
  await assert.rejects(proveInService(order, context), /it is on timeline 1, of which it does not say where it came from/);
  const cluster = { ...order.recovery.cluster, systemId: '1' };
  await assert.rejects(
    proveInService({ ...order, recovery: { ...order.recovery, cluster } }, context),
    /another cluster: \d+ instead of 1/,
  );
  await assert.rejects(proveInService({ ...order, data: '/elsewhere' }, context), /keeps its data in \/\S+main/);
  production.stop();
  await assert.rejects(proveInService(order, context), /no server runs on it/);
});

test('a server that waits for its log and does nothing is told as that, and goes on', async () => {
  using production = startProduction();
  const order = orderOf(production);
  production.pgbackrest('--type=full', 'backup');
  production.stop();
  const { data, root } = production;
  asOwner('sh', ['-c', `: >${data}/recovery.signal; echo "restore_command = 'sleep 3600'" >>${data}/postgresql.auto.conf`]);
  asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', data, '-W', '-l', join(root, 'log/waiting.log'), 'start']);
  await assert.rejects(
    proveInService(order, context),
    /in place at .*, but the server has done nothing for 2s, and is not out of recovery/,
  );
  asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop']);
});
