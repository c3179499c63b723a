// Taking back where a replica was received: exactly what this run made, and nothing of others.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RECEIVED } from '../../../src/engine/recover/sources/received.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';
import { isReceived, isSentTo, receivedName } from '../../../src/domain/replication-names.ts';

const { signal } = new AbortController();
const RUN = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const HOLDER = `tank/${receivedName(RUN, 0)}`;

/** What was destroyed where the dataset is as it is told; `mark`: value and source, divided by a tab. */
async function undo(t: TestContext, { pools = 'tank', holder = HOLDER, mark = `${RUN}\tlocal` } = {}): Promise<string> {
  const folder = fakeZfs(
    t,
    String.raw`case "$(basename "$0") $1" in
  'zpool list') printf '%s\tONLINE\toff\n' '${pools}' ;;
  'zfs list') printf '%s\tfilesystem\t1\tnone\toff\tno\t-\t-\n' '${holder}' ;;
  'zfs get') printf '%s\tholdfast:recovery\t%s\n' '${holder}' '${mark}' ;;
  'zfs destroy') [ -e "$FOLDER/was-busy" ] || { : >"$FOLDER/was-busy"; echo "cannot destroy: dataset is busy" >&2; exit 1; }
    echo "$*" >>"$FOLDER/destroyed" ;;
esac`,
  );
  symlinkSync('zfs', join(folder, 'zpool'));

  await RECEIVED.undo({ holder: HOLDER, run: RUN }, signal);
  const destroyed = join(folder, 'destroyed');
  return existsSync(destroyed) ? readFileSync(destroyed, 'utf8').trim() : '';
}

test('what has the name and the mark of the run is destroyed, also where it is busy for a moment', async (t) => {
  assert.equal(await undo(t), `destroy -r ${HOLDER}`);
});

test('what has another mark, or none of its own, or is not there, is left alone', async (t) => {
  assert.equal(await undo(t, { mark: '01ARZ3NDEKTSV4RRFFQ69G5FAX\tlocal' }), '');
  assert.equal(await undo(t, { mark: `${RUN}\tinherited from tank` }), '');
  assert.equal(await undo(t, { mark: '-\t-' }), '');
  assert.equal(await undo(t, { holder: 'tank/other' }), '');
});

test('of a pool that is not imported nothing is known: it stays recorded', async (t) => {
  await assert.rejects(undo(t, { pools: 'other' }), { code: 'not-mounted' });
});

test('what is received is never sent anywhere', () => {
  const target = { datasets: ['tank'], exclude: [] };
  assert.deepEqual([isReceived(HOLDER), isReceived(`${HOLDER}/0`)], [true, true]);
  assert.ok(!isSentTo(target, `${HOLDER}/0`));
  assert.ok(isSentTo(target, 'tank/holdfast-received-by-me'));
});
