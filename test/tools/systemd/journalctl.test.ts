import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOf, lastLinesArgs, parseEntry, unitsArgs } from '../../../src/tools/systemd/journalctl.ts';

// as journalctl 257 prints it, without what is not looked at
const FROM_UNIT = {
  __CURSOR: 's=4f;i=1a',
  __REALTIME_TIMESTAMP: '1795288226657576',
  _SYSTEMD_UNIT: 'restic-backup-sonarr.service',
  MESSAGE: 'snapshot 4711 saved',
  PRIORITY: '6',
};
const FROM_SYSTEMD = {
  ...FROM_UNIT,
  __CURSOR: 's=4f;i=1b',
  _SYSTEMD_UNIT: 'init.scope',
  UNIT: 'restic-backup-sonarr.service',
  MESSAGE: 'Finished restic-backup-sonarr.service.',
};
const parse = (entry: unknown): ReturnType<typeof parseEntry> => parseEntry(JSON.stringify(entry));

test('a line is of the unit that said it, or of the one that systemd speaks of', () => {
  assert.deepEqual(parse(FROM_UNIT), {
    cursor: 's=4f;i=1a',
    at: 1_795_288_226_657,
    unit: 'restic-backup-sonarr.service',
    invocationId: null,
    message: 'snapshot 4711 saved',
  });
  assert.equal(parse(FROM_SYSTEMD)?.unit, 'restic-backup-sonarr.service');
});

test('a message that is not UTF-8 is shown as far as it is, and a line without one is nothing', () => {
  assert.equal(parse({ ...FROM_UNIT, MESSAGE: [...Buffer.from('caf'), 0xe9] })?.message, 'caf�');
  assert.equal(parse({ ...FROM_UNIT, MESSAGE: null }), null);
  assert.equal(parse({ ...FROM_UNIT, MESSAGE: undefined }), null);
  assert.equal(parseEntry('-- No entries --'), null);
});

test('an invocation is asked for with what its processes said, what systemd said of it, and the rest of its unit', () => {
  assert.deepEqual(lastLinesArgs({ unit: 'a.service', invocationId: '9f' }, 10).slice(3), [
    '--output=json',
    '--lines=10',
    '_SYSTEMD_INVOCATION_ID=9f',
    '+',
    'INVOCATION_ID=9f',
    '+',
    '_SYSTEMD_UNIT=a.service',
  ]);
});

test('of the rest of a unit a line is of the invocation when it is not known to be of another', () => {
  const invocation = { unit: 'restic-backup-sonarr.service', invocationId: '9f' };
  const isTold = (entry: unknown): boolean => {
    const read = parse(entry);
    return read !== null && isOf(invocation, read);
  };
  assert.ok(isTold(FROM_UNIT), 'journald came to it when its process had ended');
  assert.ok(isTold({ ...FROM_UNIT, _SYSTEMD_INVOCATION_ID: '9f' }));
  assert.ok(isTold({ ...FROM_SYSTEMD, _SYSTEMD_INVOCATION_ID: 'that of the manager', INVOCATION_ID: '9f' }));
  assert.ok(!isTold({ ...FROM_UNIT, _SYSTEMD_INVOCATION_ID: '8e' }));
});

test('units are asked for by their names, from a second on', () => {
  const argv = unitsArgs({ units: ['a.service', 'b@\\x2d.service'], since: 1_795_288_226 }, '--follow');
  assert.ok(argv.includes('--since=@1795288226') && argv.includes('--follow'));
  assert.deepEqual(argv.slice(-2), ['--unit=a.service', '--unit=b@\\x2d.service']);
});
