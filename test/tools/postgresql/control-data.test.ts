import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseControlData } from '../../../src/tools/postgresql/control-data.ts';
import { parseMajor } from '../../../src/tools/postgresql/programs.ts';

/** As PostgreSQL 15.18 prints it, shortened. */
const PRINTED = `pg_control version number:            1300
Catalog version number:               202209061
Database system identifier:           7711034356893224016
Database cluster state:               in production
pg_control last modified:             Sun Nov 22 16:31:32 2026
Latest checkpoint location:           0/17414F8
Latest checkpoint's REDO location:    0/17414F8
Latest checkpoint's REDO WAL file:    000000030000000000000001
Latest checkpoint's TimeLineID:       3
Latest checkpoint's PrevTimeLineID:   1
Latest checkpoint's oldestCommitTsXid:0
Time of latest checkpoint:            Sun Nov  2 06:31:32 2026
max_connections setting:              100
max_prepared_xacts setting:           3
Data page checksum version:           1
`;

test('the system identifier keeps every digit', () => {
  assert.deepEqual(parseControlData(PRINTED), {
    systemId: '7711034356893224016',
    state: 'in production',
    timeline: 3,
    checkpoint: { lsn: '0/17414F8', wal: '000000030000000000000001', time: Date.parse('2026-11-02T06:31:32Z') },
    checksums: true,
    limits: { max_connections: '100', max_prepared_transactions: '3' },
  });
});

test('a control file that does not name its cluster, its state, its checkpoint or its timeline is not understood', () => {
  for (const line of [
    'Database system identifier',
    'Database cluster state',
    'Latest checkpoint location',
    "checkpoint's T",
  ]) {
    const without = PRINTED.split('\n').filter((each) => !each.includes(line));
    assert.equal(parseControlData(without.join('\n')), null, line);
  }
});

test('a time that is told in another way is no time, and the rest stands', () => {
  const german = PRINTED.replace('Sun Nov  2 06:31:32 2026', 'So 02 Nov 2026 06:31:32 UTC');
  assert.equal(parseControlData(german)?.checkpoint.time, null);
});

test('the major version of a program is told from what it says of itself', () => {
  assert.equal(parseMajor('pg_controldata (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n'), '15');
  assert.equal(parseMajor('pg_controldata (PostgreSQL) 17beta1\n'), '17');
  assert.equal(parseMajor('pg_controldata (PostgreSQL) 9.6.24\n'), '9.6');
  assert.equal(parseMajor('pg_controldata\n'), null);
});
