import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { compareConfiguration, differenceLines } from '../../../src/engine/postgres/compare-configuration.ts';
import { serverNeeds } from '../../../src/engine/postgres/server-needs.ts';
import { configurationText, wantedOptions } from '../../../src/engine/postgres/wanted-configuration.ts';
import { parseVersion } from '../../../src/tools/pgbackrest/version.ts';
import { parseState, type ServerState } from '../../../src/tools/postgresql/settings.ts';
import { postgres, serverRepository } from '../support/host.ts';

const OLD = parseVersion('pgBackRest 2.45', '');
const NEW = parseVersion('pgBackRest 2.55.1', '');
const SERVER = postgres({ repositories: [serverRepository(1)] });
const wanted = wantedOptions(SERVER, NEW, new Map());

test('what pgBackRest is told is what is declared, with blocks where it knows them', () => {
  assert.deepEqual(Object.fromEntries(wanted), {
    'pg1-path': '/nowhere/data',
    'repo1-path': '/nowhere/repo1',
    'repo1-bundle': 'y',
    'repo1-block': 'y',
    'repo1-retention-full': '2',
    'compress-type': 'zst',
  });
  assert.equal(wantedOptions(SERVER, OLD, new Map()).has('repo1-block'), false);
  const asked = postgres({ repositories: [serverRepository(1, { block: true })] });
  assert.equal(wantedOptions(asked, OLD, new Map()).get('repo1-block'), 'y', 'asked for, it tells itself that it cannot');
});

test('what was written is the same when it is read again', () => {
  assert.deepEqual(compareConfiguration(configurationText('main', wanted), 'main', wanted), {
    standing: 'same',
    differences: [],
  });
});

test('a file of ours is written anew, one of somebody else is not', () => {
  const ours = configurationText('main', new Map([['repo1-path', '/old']]));
  assert.equal(compareConfiguration(ours, 'main', wanted).standing, 'ours');
  assert.equal(compareConfiguration(`${ours}[other]\npg1-path=/b\n`, 'main', wanted).standing, 'foreign');
  assert.equal(compareConfiguration('[main]\nrepo1-path=/old\n', 'main', wanted).standing, 'foreign');
  assert.equal(compareConfiguration(null, 'main', wanted).standing, 'absent');
  assert.equal(compareConfiguration('\n', 'main', wanted).standing, 'absent');
});

test('somebody else who has written the very same is left alone, and so is what he wrote for others', () => {
  const text = `# mine\n[global]\nrepo1-path=/elsewhere\n${configurationText('main', wanted)}[other]\npg1-path = /b\n`;
  assert.equal(compareConfiguration(text, 'main', wanted).standing, 'same');
});

test('a passphrase that differs is told, and not shown', () => {
  const encrypted = wantedOptions(SERVER, NEW, new Map([[1, 'correct horse']]));
  const text = configurationText('main', wantedOptions(SERVER, NEW, new Map([[1, 'battery staple']])));
  const lines = differenceLines(compareConfiguration(text, 'main', encrypted).differences);
  assert.deepEqual(lines, ['- repo1-cipher-pass=***', '+ repo1-cipher-pass=***']);
});

const STATE: ServerState = {
  systemId: '7711035724998943545',
  timeline: 1,
  inRecovery: false,
  archiveMode: 'on',
  archiveCommand: 'pgbackrest --stanza=main archive-push %p',
  walLevel: 'replica',
  dataDirectory: '/nowhere/data',
  archiveTimeout: 60,
  archived: null,
  failed: null,
  failures: 0,
  finished: [],
  current: '000000010000000000000004',
};

test('a server that archives needs nothing, whatever is around its command', () => {
  assert.deepEqual(serverNeeds(SERVER, STATE), { statements: [], restart: false, remarks: [] });
  const wrapped = 'nice /usr/bin/pgbackrest --stanza=main --config=/x archive-push "%p"';
  assert.deepEqual(serverNeeds(SERVER, { ...STATE, archiveCommand: wrapped }).statements, []);
});

test('a server that does not archive is told what makes it', () => {
  const needs = serverNeeds(SERVER, { ...STATE, archiveMode: 'off', walLevel: 'minimal', archiveCommand: '' });
  assert.deepEqual(needs.statements, [
    "ALTER SYSTEM SET archive_mode = 'on';",
    "ALTER SYSTEM SET wal_level = 'replica';",
    "ALTER SYSTEM SET archive_command = 'pgbackrest --stanza=main archive-push %p';",
  ]);
  assert.equal(needs.restart, true);
  const other = serverNeeds(SERVER, { ...STATE, archiveCommand: 'pgbackrest --stanza=other archive-push %p' });
  assert.equal(other.statements.length, 1, 'another stanza');
  assert.equal(other.restart, false);
});

test('a log that is not archived in time for what is owed is remarked on', () => {
  const owed = postgres({ archiveWithin: duration(5, 'm') });
  assert.match(serverNeeds(owed, { ...STATE, archiveTimeout: 0 }).remarks.join(), /archive_timeout is off/);
  assert.match(serverNeeds(owed, { ...STATE, archiveTimeout: 900 }).remarks.join(), /archive_timeout = '150'/);
  assert.deepEqual(serverNeeds(owed, STATE).remarks, []);
});

test('what a server says of itself is read with all digits of its identifier', () => {
  const said = `{"systemId" : "7711035724998943545", "timeline" : 1, "inRecovery" : false, "archiveMode" : "on", "archiveCommand" : "true", "walLevel" : "replica", "dataDirectory" : "/d", "archiveTimeout" : 0, "archivedFile" : "00000001000000000000004E", "archivedAt" : "2026-11-22T16:48:29.647768+00:00", "failedFile" : null, "failedAt" : null, "failedCount" : 0, "finished" : [{"file" : "00000001000000000000004E", "waits" : false, "at" : "2026-11-22T16:48:28+00:00"}], "current" : "00000001000000000000004F"}\n`;
  const state = parseState(said, 'db');
  assert.equal(state.systemId, '7711035724998943545');
  assert.deepEqual(state.archived, { file: '00000001000000000000004E', at: Date.parse('2026-11-22T16:48:29.647Z') });
  assert.equal(state.failed, null);
  const at = Date.parse('2026-11-22T16:48:28Z');
  assert.deepEqual(state.finished, [{ file: '00000001000000000000004E', waits: false, at }]);
  assert.throws(() => parseState('psql: error', 'db'), { code: 'tool-output' });
  const older = { code: 'unsupported', message: 'it is PostgreSQL 11.22, and Holdfast knows 12 and newer' };
  assert.throws(() => parseState('{"tooOld" : "11.22"}\n', 'db'), older);
});
