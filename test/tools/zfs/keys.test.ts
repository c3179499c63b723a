// Where the key of an encrypted dataset is read from.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyFileOf, loadKey } from '../../../src/tools/zfs/keys.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';

const { signal } = new AbortController();

test('a key is found in a file of the dataset that it is inherited from, and nowhere else', async (t) => {
  fakeZfs(
    t,
    String.raw`for last; do :; done
tell() { printf '%s\t%s\t%s\t-\n' "$last" encryptionroot "$1" "$last" keylocation "$2"; }
case $last in
  tank/safe/*) tell tank/safe none ;;
  tank/safe) tell tank/safe file:///root/key ;;
  tank/asks) tell tank/asks prompt ;;
  *) tell - none ;;
esac`,
  );
  assert.equal(await keyFileOf('tank/safe/app', signal), 'file:///root/key');
  assert.equal(await keyFileOf('tank/safe', signal), 'file:///root/key');
  assert.equal(await keyFileOf('tank/asks', signal), null);
  assert.equal(await keyFileOf('tank/plain', signal), null);
});

test('it is loaded from there, whatever the dataset itself says; the wrong one is told', async (t) => {
  const folder = fakeZfs(
    t,
    'echo "$*" >"$FOLDER/asked"; case $* in *wrong) echo "Key load error: Incorrect key provided" >&2; exit 255 ;; esac',
  );
  await loadKey('tank/a', 'file:///root/key', signal);
  assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), 'load-key -L file:///root/key tank/a\n');
  await assert.rejects(loadKey('tank/wrong', 'file:///root/key', signal), /Incorrect key/);
});
