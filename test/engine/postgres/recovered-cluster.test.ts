// Recovering what was restored: what is in the way is named for what it is.

import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StepContext } from '../../../src/domain/plan.ts';
import { dataDirectory } from '../../../src/engine/postgres/data-directory.ts';
import {
  recoverAndStop,
  type RecoveryOrder,
  recoveryPlace,
  restoreCluster,
} from '../../../src/engine/postgres/recovered-cluster.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { makeCluster, OWNER, postgresDirectory, SERVER_PROGRAMS } from '../../support/postgres.ts';

const { signal } = new AbortController();
const context = {
  signal,
  progress: () => {},
  async hold(_kind: string, _payload: unknown, make: () => Promise<void>) {
    await make();
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  },
} as unknown as StepContext; // what it uses of it

const orderOf = (access: object, version: string): RecoveryOrder =>
  ({
    access: { user: OWNER, subject: 'db', ...access },
    repository: 1,
    cluster: { systemId: '1', version },
    reach: { backup: { label: 'the backup', size: 0 } },
    at: null,
    timeline: 1,
    role: 'postgres',
    durable: false,
  }) as unknown as RecoveryOrder; // what it uses of it

/** What a server ends with that asks for its log so. */
async function endOf(restoreCommand: string): Promise<HoldfastError> {
  using temporary = postgresDirectory();
  const place = recoveryPlace(temporary.path);
  makeCluster(place.data);
  writeFileSync(join(place.data, 'recovery.signal'), '');
  appendFileSync(join(place.data, 'postgresql.conf'), 'hot_standby = off\n');
  const directory = await dataDirectory(place.data, signal);
  assert.ok(directory.state === 'valid');
  const order = orderOf({ restoreCommand: () => restoreCommand }, SERVER_PROGRAMS.major);
  const error: unknown = await recoverAndStop(order, place, { programs: SERVER_PROGRAMS, directory }, context).catch(
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HoldfastError);
  return error;
}

test('a full disk is named where the log cannot be had for it, with what is free', async () => {
  const full = await endOf("echo 'ERROR: [082]: unable to write: [28] No space left on device' >&2; exit 126");
  assert.equal(full.code, 'no-space', full.message);
  assert.match(full.message, /no room for the log .* are free at \/\S+ \(.*No space left on device\)/);
  const other = await endOf('exit 126');
  assert.equal(other.code, 'not-restored', other.message);
});

test('programs that are not installed are missed before anything is restored', async () => {
  using temporary = postgresDirectory();
  let restored = false;
  const order = orderOf({ restore: () => Promise.resolve(void (restored = true)) }, '99');
  await assert.rejects(
    restoreCluster(order, recoveryPlace(temporary.path), context),
    (error) => error instanceof HoldfastError && error.code === 'tool-missing' && /postgresql-99/.test(error.hint ?? ''),
  );
  assert.equal(restored, false);
});
