// What zfs(8) and ssh(1) are asked for a replication, and what OpenZFS 2.3.9 answered on a real pool.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HoldfastError } from '../../../src/lib/errors.ts';
import { masterArgs, throughArgs } from '../../../src/tools/ssh/connection.ts';
import { failureAt } from '../../../src/tools/zfs/end.ts';
import { bookmarkArgs, forgetArgs, parseHolds } from '../../../src/tools/zfs/keep.ts';
import { parsePoints } from '../../../src/tools/zfs/points.ts';
import { parseSize, parseToken, receiveArgs, sendArgs, sizeArgs, streamFailure } from '../../../src/tools/zfs/stream.ts';

const LISTED = [
  'tank/e\tfilesystem\t77\t5\t1795337700\t0\t-\t-\t-\t-\taes-256-gcm\tunavailable\t-',
  'tank/e@a\tsnapshot\t6749152550820412443\t82\t1795337758\t100352\t2\t-\t-\t\taes-256-gcm\t-\t-',
  'tank/e@holdfast-x\tsnapshot\t88\t83\t1795337759\t0\t0\t01ABC\t-\ttank/clone\taes-256-gcm\t-\t-',
  'tank/e#holdfast:nas:2\tbookmark\t6897885128633080008\t12\t1795337526\t-\t-\t-\t-\t-\t-\t-\t-',
  'vault/t\tfilesystem\t10130616643354427565\t70\t1795337749\t2900992\t-\t-\t-\t-\toff\t-\t1-fca59a979-f0-789c',
].join('\n');

test('datasets with their snapshots and bookmarks are read from one list', () => {
  const found = parsePoints(`${LISTED}\n`);
  const e = found.get('tank/e');
  assert.deepEqual([e?.type, e?.encrypted, e?.readable, e?.token, e?.written], ['filesystem', true, false, null, 0]);
  assert.deepEqual(e?.snapshots[0], {
    dataset: 'tank/e',
    name: 'a',
    guid: '6749152550820412443',
    createtxg: 82,
    creation: 1795337758000,
    holds: 2,
    properties: { written: '100352' },
  });
  assert.deepEqual(e?.snapshots[1]?.properties, { written: '0', 'holdfast:run': '01ABC', clones: 'tank/clone' });
  assert.deepEqual(e?.bookmarks[0]?.name, 'holdfast:nas:2');
  assert.deepEqual([found.get('vault/t')?.token, found.get('vault/t')?.written], ['1-fca59a979-f0-789c', 2_900_992]);
  assert.throws(() => parsePoints('tank\tfilesystem\n'), /not what its manual says/);
});

test('raw is sent as it is on the disk; nothing is ever forced, mounted or made writable', () => {
  assert.deepEqual(sendArgs({ kind: 'full', to: 'tank/a@1', raw: true }), ['zfs', 'send', '-w', 'tank/a@1']);
  assert.deepEqual(sendArgs({ kind: 'incremental', from: 'tank/a@1', to: 'tank/a@3', all: true, raw: false }), [
    'zfs',
    'send',
    '-Lec',
    '-I',
    'tank/a@1',
    'tank/a@3',
  ]);
  assert.deepEqual(sendArgs({ kind: 'incremental', from: 'tank/a#b', to: 'tank/a@3', all: false, raw: true }), [
    'zfs',
    'send',
    '-w',
    '-i',
    'tank/a#b',
    'tank/a@3',
  ]);
  assert.deepEqual(sizeArgs({ kind: 'resume', token: '1-x' }), ['zfs', 'send', '-nvP', '-t', '1-x']);
  assert.deepEqual(receiveArgs('vault/a', 'filesystem'), [
    'zfs',
    'receive',
    '-s',
    '-u',
    '-o',
    'canmount=noauto',
    '-o',
    'readonly=on',
    'vault/a',
  ]);
  assert.ok(!receiveArgs('vault/vol', 'volume').includes('canmount=noauto'), 'volumes have no such property');
});

test('the only thing that can be destroyed here is a bookmark', () => {
  assert.deepEqual(bookmarkArgs('tank/a@1', 'holdfast:nas:7'), ['zfs', 'bookmark', 'tank/a@1', 'tank/a#holdfast:nas:7']);
  assert.deepEqual(forgetArgs('tank/a', 'holdfast:nas:7'), ['zfs', 'destroy', 'tank/a#holdfast:nas:7']);
});

const TOKEN = `resume token contents:
nvlist version: 0
	fromguid = 0x1f
	object = 0x2
	toguid = 0xeafd0c61296e3dba
	toname = tank/t@one
	rawok = 1
cannot resume send: 'tank/t@one' used in the initial send no longer exists
`;

test('what a token stands for is read, also when its snapshot is gone', () => {
  assert.deepEqual(parseToken('1-x', TOKEN), { text: '1-x', toGuid: '16932703785429384634', fromGuid: '31', raw: true });
  const first = TOKEN.replace(/\tfromguid.*\n/, '').replace(/\trawok.*\n/, '');
  assert.deepEqual(parseToken('1-x', first), { text: '1-x', toGuid: '16932703785429384634', fromGuid: null, raw: false });
  assert.equal(parseSize('full\ttank/t@one\t5523872\nsize\t5523872\n'), 5_523_872);
  assert.equal(parseSize(''), null);
});

test('holds are known by snapshot and tag', () => {
  const holds = parseHolds('tank/t@a\tholdfast:x\tSun Nov 22 08:52 2026\ntank/t@a\tmine\tSun Nov 22 08:53 2026\n');
  assert.deepEqual([...(holds.get('tank/t@a') ?? [])], ['holdfast:x', 'mine']);
});

test('ssh asks nothing, and what runs there is quoted once and finds the programs of root', () => {
  const remote = { user: 'backup', host: 'nas-1' };
  assert.deepEqual(masterArgs(remote, '/run/s').slice(-4), ['-l', 'backup', '--', 'nas-1']);
  for (const option of ['BatchMode=yes', 'RemoteCommand=none', 'ClearAllForwardings=yes'])
    assert.ok(masterArgs(remote, '/run/s').includes(option), option);
  const through = throughArgs(remote, '/run/s', ['zfs', 'list', "vault/it's mine"]);
  assert.match(through.at(-1) ?? '', /^env LC_ALL=C PATH=\S*:\/sbin:\S* zfs list 'vault\/it'\\''s mine'$/);
  assert.deepEqual(through.slice(-3, -1), ['--', 'nas-1']);
});

const far = { host: 'nas-1', argv: (command: readonly [string, ...string[]]) => command };
const ended = (exitCode: number | null, ...stderrTail: string[]) => ({ exitCode, endedBy: null, stderrTail });

test('of a stream that did not arrive the end that knows why is told', () => {
  const why = (writer: ReturnType<typeof ended> | null, reader: ReturnType<typeof ended>): [string, string] => {
    const { code, message } = streamFailure('tank/a', far, { writer, reader });
    return [code, message];
  };
  assert.deepEqual(why(null, ended(1, 'cannot receive incremental stream: out of space')), [
    'no-space',
    'cannot receive incremental stream: out of space',
  ]);
  const partial =
    'cannot receive resume stream: destination vault/a contains partially-complete state from "zfs receive -s".';
  assert.deepEqual(why(null, ended(1, partial)), ['busy', partial], 'it is being received');
  assert.match(
    why(null, ended(255, 'Connection to nas-1 closed by remote host.'))[1],
    /the connection to nas-1 broke: Conn/,
  );
  assert.deepEqual(
    why(
      ended(1, "warning: cannot send 'tank/a@1': permission denied"),
      ended(1, 'cannot receive: failed to read from stream'),
    ),
    ['permission-denied', "warning: cannot send 'tank/a@1': permission denied"],
  );
  assert.equal(
    why(ended(0), ended(1, 'cannot receive incremental stream: destination vault/a has been modified'))[0],
    'refused',
  );
});

test('a missing program and missing rights are told with the machine that they are missing on', () => {
  const command = { argv: ['zfs', 'hold'], operation: 'hold', subject: 'vault/a@1' } as const;
  const of = (result: ReturnType<typeof ended>): HoldfastError => failureAt(far, command, { ...result, stdout: '' });
  assert.equal(of(ended(127, 'env: zfs: No such file')).code, 'tool-missing');
  assert.match(of(ended(1, 'cannot hold: permission denied')).hint ?? '', /more rights on nas-1: holdfast doctor/);
});
