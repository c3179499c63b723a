import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backupInvocation } from '../../../src/tools/barman-cloud/backup.ts';
import { deleteInvocation, parseDryRun } from '../../../src/tools/barman-cloud/backup-delete.ts';
import { parseBackupList } from '../../../src/tools/barman-cloud/backup-list.ts';
import { classifyFailure } from '../../../src/tools/barman-cloud/classify.ts';
import { type BarmanCloud, barmanArgv } from '../../../src/tools/barman-cloud/invoke.ts';
import { interpreterIn, parseObjects } from '../../../src/tools/barman-cloud/objects.ts';
import { objectEnvironment, placeName } from '../../../src/tools/barman-cloud/place.ts';
import { restoreInvocation } from '../../../src/tools/barman-cloud/restore.ts';
import { parseVersion } from '../../../src/tools/barman-cloud/version.ts';
import { archiveCommand, archivesInto, restoreCommand } from '../../../src/tools/barman-cloud/wal.ts';
import { isOurRestoreCommand } from '../../../src/tools/postgresql/restore-command.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures/3.4.0', name), 'utf8');

const PLACE = {
  destination: 's3://backups/pg',
  serverName: 'main',
  endpointUrl: 'https://s3.example.org',
  profile: 'backup',
  credentialsFile: '/etc/holdfast/it is secret',
};
const ACCESS: BarmanCloud = {
  place: PLACE,
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  subject: 'db',
};

test('a backup says where to, as what and from where, and no secret', () => {
  const request = { socket: '/run/pg', port: 5433, role: 'postgres', compression: 'gzip', processes: 4 } as const;
  assert.deepEqual(barmanArgv(ACCESS, backupInvocation({ ...request, name: 'holdfast-1' })), [
    'barman-cloud-backup',
    '--endpoint-url',
    'https://s3.example.org',
    '--profile',
    'backup',
    '--immediate-checkpoint',
    '--name=holdfast-1',
    '--gzip',
    '--jobs=4',
    '--host=/run/pg',
    '--port=5433',
    '--user=postgres',
    '--dbname=postgres',
    's3://backups/pg',
    'main',
  ]);
});

test('credentials are those of the file that is named, whatever the environment of the caller has', () => {
  const inherited = { AWS_ACCESS_KEY_ID: 'other', AWS_PROFILE: 'other', HOME: '/root', PATH: '/bin' };
  assert.deepEqual(objectEnvironment(PLACE, inherited), {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_PROFILE: undefined,
    HOME: undefined,
    AWS_SHARED_CREDENTIALS_FILE: PLACE.credentialsFile,
  });
});

test('the whole backups of a list have what restoring them needs; the others are there, and nothing more', () => {
  const text = recorded('list.json');
  const { backups } = parseBackupList(text, [], 'db');
  assert.deepEqual(backups, [
    {
      id: '20261122T234728',
      name: 'holdfast-1',
      whole: {
        systemId: '7711146689071251683',
        version: '15',
        wal: { start: '000000010000000000000009', stop: '000000010000000000000009' },
        startLsn: '0/900028',
        tablespaces: [{ name: 'ts one', oid: 16384 }],
      },
    },
  ]);
  const failed = text.replace('"DONE"', '"FAILED"').replace('"systemid": "7711146689071251683"', '"systemid": null');
  assert.deepEqual(
    parseBackupList(failed, [], 'db').backups.map(({ whole }) => whole),
    [null],
  );
});

test('a backup that cannot be read is told, and what is no list is none', () => {
  const said = ['2026-11-22 23:51:55,376 [1] WARNING: Unable to open backup.info file for 20261101T000000: denied'];
  assert.deepEqual(parseBackupList('{"backups_list": []}', said, 'db').unreadable, ['20261101T000000']);
  for (const text of ['', 'Backup ID', '{}', '{"backups_list": [{"status": "DONE"}]}', '{"backups_list": [null]}'])
    assert.throws(() => parseBackupList(text, [], 'db'), { code: 'tool-output' });
});

const FAILURES: readonly (readonly [name: string, exitCode: number, code: string, says: RegExp])[] = [
  ['unreachable.txt', 2, 'repository-unreachable', /^Can't connect to cloud provider/],
  ['no-bucket.txt', 1, 'repository-missing', /^Bucket gone does not exist$/],
  ['no-credentials.txt', 4, 'permission-denied', /Unable to locate credentials$/],
  ['no-profile.txt', 4, 'permission-denied', /config profile \(other\) could not be found$/],
  ['no-server.txt', 1, 'source-missing', /^Cannot connect to postgres/],
  ['no-backup.txt', 1, 'snapshot-missing', /^Backup 20260101T000000 for server main/],
  ['usage.txt', 3, 'config', /unrecognized arguments: --no-such$/],
];
for (const [name, exitCode, code, says] of FAILURES)
  test(`${name.replace('.txt', '')} is ${code}, in barman's own words`, () => {
    const stderrTail = recorded(name).split('\n').filter(Boolean);
    const error = classifyFailure({ program: 'barman-cloud-x', operation: 'back up', subject: 'db', exitCode, stderrTail });
    assert.deepEqual([error.code, says.test(error.message), error.hint === undefined], [code, true, false], error.message);
  });

test('what nobody understands is a failure of the tool, and never an empty place', () => {
  const failure = { program: 'barman-cloud-x', operation: 'list', subject: 'db', stderrTail: [] };
  assert.equal(classifyFailure({ ...failure, exitCode: 4 }).code, 'tool-failed');
  assert.equal(classifyFailure({ ...failure, exitCode: 1 }).code, 'tool-failed');
  assert.equal(classifyFailure({ ...failure, exitCode: null, endedBy: 'SIGTERM' }).code, 'interrupted');
});

test('at least one backup is always kept, and a dry run names those that would go', () => {
  assert.deepEqual(deleteInvocation(2, true).options, ['--dry-run', '--retention-policy=REDUNDANCY 2']);
  for (const keep of [0, -1, 1.5, Number.NaN]) assert.throws(() => deleteInvocation(keep, false), { code: 'bug' });
  assert.deepEqual(parseDryRun(recorded('dry-run.txt')), ['20261122T234728']);
  assert.deepEqual(parseDryRun(''), []);
});

test('every tablespace goes below the directory that is named: none goes back to where it was', () => {
  const all = [{ name: 'ts one', oid: 16384 }];
  const request = { id: '20261122T234728', directory: '/new/data', tablespaces: { below: '/new/tablespaces', all } };
  assert.deepEqual(
    barmanArgv({ ...ACCESS, place: { ...PLACE, profile: null, endpointUrl: null } }, restoreInvocation(request)),
    [
      'barman-cloud-restore',
      '--tablespace=ts one:/new/tablespaces/16384',
      's3://backups/pg',
      'main',
      '20261122T234728',
      '/new/data',
    ],
  );
});

test('what a server archives with names the file of its credentials, and is known again however it is wrapped', () => {
  const command = archiveCommand(PLACE, 'gzip');
  assert.match(command, /AWS_SHARED_CREDENTIALS_FILE='\/etc\/holdfast\/it is secret' barman-cloud-wal-archive /);
  assert.match(command, / --gzip s3:\/\/backups\/pg main %p$/);
  assert.ok(archivesInto(command, PLACE));
  const wrapped =
    "test -e x && /usr/bin/barman-cloud-wal-archive --endpoint-url=https://s3.example.org 's3://backups/pg' main '%p'";
  assert.ok(archivesInto(wrapped, PLACE));
  assert.ok(!archivesInto(wrapped, { ...PLACE, endpointUrl: 'https://s3.elsewhere.org' }));
  assert.ok(!archivesInto(command, { ...PLACE, serverName: 'mai' }));
  assert.ok(!archivesInto(command, { ...PLACE, destination: 's3://backups/p' }));
  assert.ok(!archivesInto('cp %p /backups/%f # s3://backups/pg main', PLACE));
});

test('what a recovery gets the log with says "not found" only where that is what it means', () => {
  const command = restoreCommand({ ...PLACE, destination: 's3://backups/50%' });
  assert.match(command, /barman-cloud-wal-restore .* s3:\/\/backups\/50%% main %f "%p"; code=/);
  assert.ok(isOurRestoreCommand(`restore_command = '${command}'`));
  using programs = temporaryDirectory();
  const answer = (restore: number, list: number): number | null => {
    for (const [name, code] of [
      ['wal-restore', restore],
      ['backup-list', list],
    ] as const)
      writeFileSync(join(programs.path, `barman-cloud-${name}`), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
    const typed = command.replaceAll(/%(.)/g, (_, letter: string) => ({ f: 'FILE', p: 'x', '%': '%' })[letter] ?? '?');
    return spawnSync('sh', ['-c', typed], { env: { ...process.env, PATH: `${programs.path}:${process.env['PATH']}` } })
      .status;
  };
  assert.deepEqual([answer(0, 1), answer(1, 0)], [0, 1]);
  assert.deepEqual(
    [answer(1, 1), answer(1, 2), answer(2, 0), answer(4, 0)],
    [126, 126, 126, 126],
    'not where nothing answers',
  );
});

test('a time or a process is no code of an answer', () => {
  const failure = { program: 'barman-cloud-restore', operation: 'restore', subject: 'db', exitCode: 1 };
  const said = (line: string): string => classifyFailure({ ...failure, stderrTail: [line] }).code;
  assert.equal(said('2026-11-22 23:47:34,403 [401] ERROR: Bucket gone does not exist'), 'repository-missing');
  assert.equal(said('2026-11-22 23:47:34,497 [16876] ERROR: An error occurred (403) when calling'), 'permission-denied');
  assert.equal(said("ModuleNotFoundError: No module named 'boto3'"), 'tool-missing');
});

test('when a backup was made is told with its zone', () => {
  const listing = {
    objects: [['base/1/data.tar.gz', 42, '2026-11-22T23:47:31+00:00']],
    infos: {
      1: { begin_time: '2026-11-23 00:47:28.245747+01:00', end_time: '2026-11-23 00:47:30.658704+01:00' },
      2: { begin_time: '2026-11-23 00:47:28.245747+01:00', end_time: 'None' },
    },
    histories: { '00000002.history': '1\t0/3000000\tno recovery target specified\n' },
  };
  const { objects, times, histories } = parseObjects(JSON.stringify(listing), 'db');
  assert.deepEqual(objects, [{ path: 'base/1/data.tar.gz', size: 42, time: Date.parse('2026-11-22T23:47:31Z') }]);
  assert.deepEqual([...times.keys()], ['1']);
  assert.match(histories.get('00000002.history') ?? '', /^1\t0\/3000000/);
  assert.equal(times.get('1')?.stoppedAt, Date.parse('2026-11-22T23:47:30.658Z'));
  for (const text of ['', '{}', '{"objects": 1, "infos": {}}'])
    assert.throws(() => parseObjects(text, 'db'), { code: 'tool-output' });
});

test('it is asked in the Python that barman-cloud itself runs in', () => {
  assert.deepEqual(interpreterIn('#!/usr/bin/python3'), ['/usr/bin/python3']);
  assert.deepEqual(interpreterIn('#!/opt/venv/bin/python3.12 -sP'), ['/opt/venv/bin/python3.12', '-sP']);
  assert.deepEqual(interpreterIn('#!/usr/bin/env python3'), ['/usr/bin/env', 'python3']);
  assert.deepEqual(interpreterIn('#!/bin/sh -e'), ['python3']);
});

test('3.4 is new enough, and an older one is refused', () => {
  assert.equal(parseVersion('barman-cloud-backup 3.4.0\n'), '3.4.0');
  assert.equal(parseVersion('barman-cloud-backup 3.14.1\n'), '3.14.1');
  assert.throws(() => parseVersion('barman-cloud-backup 3.3.0\n'), { code: 'tool-too-old' });
  assert.throws(() => parseVersion('3.4.0'), { code: 'tool-output' });
});

test('a place has one name, however its URL ends', () => {
  assert.equal(placeName({ destination: 's3://backups/pg/', serverName: 'main' }), 's3://backups/pg/main');
});
