// What the doctor asks of a target of replication, with a zfs(8) that is a script and a user who is not root.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DoctorInput } from '../../../src/engine/doctor/check.ts';
import { replicationChecks } from '../../../src/engine/doctor/replication-checks.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';

const RIGHTS = 'receive,create,mount,canmount,readonly,hold,release,destroy';
const SCRIPT = String.raw`for last; do :; done
case $1 in
  allow)
    case $last in tank/*) rights=send,hold,release,bookmark,destroy;; *) rights=${RIGHTS};; esac
    printf -- '---- Permissions on %s ----\nLocal+Descendent permissions:\n\tuser backup %s\n' "$last" "$rights" ;;
  list) printf '%s\tfilesystem\t1\t2\t3\t0\t-\t-\t-\t-\toff\t-\t-\n' "$last" ;;
esac`;

const input = (sources: readonly string[]): DoctorInput => {
  const target = { name: 'nas', destination: 'vault', datasets: ['tank/app'] };
  const config = { replication: { targets: [target] }, services: new Map([['app', { recover: { sources } }]]) };
  return { config } as unknown as DoctorInput; // as far as it is looked at
};

test('the right to send is asked for where lost data is to come back from a replica, and nowhere else', async (t) => {
  const folder = fakeZfs(t, SCRIPT);
  writeFileSync(join(folder, 'id'), '#!/bin/sh\ncase $1 in -u) echo 1000 ;; *) echo backup ;; esac\n');
  chmodSync(join(folder, 'id'), 0o755);
  const missing = async (...sources: readonly string[]): Promise<(string | null)[]> => {
    const [check] = replicationChecks(input(sources));
    const findings = (await check?.run(new AbortController().signal)) ?? [];
    return findings.filter(({ health }) => health !== 'ok').map(({ fix }) => fix);
  };
  assert.deepEqual(await missing('repository', 'snapshot'), []);
  assert.deepEqual(await missing('replica', 'repository'), ['As root there: zfs allow -u backup send vault']);
});
