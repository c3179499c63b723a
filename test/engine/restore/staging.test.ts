// Where a restore is made, and under which names.

import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { StepContext } from '../../../src/domain/plan.ts';
import { setAttributes } from '../../../src/engine/restore/attributes.ts';
import { companionSwapsOf, siblingName, stagingOf } from '../../../src/engine/restore/restore-places.ts';
import { holdStaging, STAGING } from '../../../src/engine/restore/staging.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const signal = new AbortController().signal;

test('a directory that somebody else made under that name is neither used nor removed', async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, '.data.restoring-R');
  mkdirSync(path);
  writeFileSync(join(path, 'mine'), '');
  const hold: StepContext['hold'] = async (_, payload, make) => {
    await make().catch(async (error: unknown) => {
      await STAGING.undo(payload, signal);
      throw error;
    });
    return { [Symbol.asyncDispose]: () => STAGING.undo(payload, signal) };
  };
  const context = { hold } as StepContext; // only this is used
  await assert.rejects(holdStaging(context, path), { code: 'refused' });
  assert.deepEqual(readdirSync(path), ['mine']);
  {
    await using _staging = await holdStaging(context, `${path}2`);
    assert.equal(statSync(`${path}2`).mode & 0o777, 0o700);
  }
  assert.deepEqual(readdirSync(directory.path), ['.data.restoring-R']);
});

test('names of two paths differ, however long they are alike, and none is too long', () => {
  const runId = '01M7Z78EMF2RF7ZF146JT60Y98';
  for (const long of ['x'.repeat(254), 'ä'.repeat(127)]) {
    const names = ['1', '2'].map((end) => siblingName(`/data/${long.slice(0, -1)}${end}`, 'displaced', runId));
    assert.equal(new Set(names).size, 2);
    for (const name of names) assert.ok(Buffer.byteLength(name) < 240, name);
  }
  const place = { path: `/link/${'x'.repeat(250)}`, real: `/real/${'x'.repeat(250)}`, exists: true, keepsDirectory: false };
  assert.match(stagingOf(place, runId), /^\/real\/\.x+~[0-9a-f]{16}\.restoring-01M/);
  const leaving = companionSwapsOf(place, runId).map((swap) => basename(swap.leaving));
  assert.equal(new Set(leaving).size, 3);
  assert.equal(siblingName('/data/app', 'before', 'R'), '.app.before-R');
});

test('the attributes of a directory are set, and never those of what a link leads to', async () => {
  using directory = temporaryDirectory();
  const [real, link] = [join(directory.path, 'real'), join(directory.path, 'link')];
  mkdirSync(real, { mode: 0o700 });
  symlinkSync('real', link);
  const [uid, gid] = process.getuid?.() === 0 ? [54_321, 54_322] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const attributes = { mode: 0o40_751, uid, gid };
  await assert.rejects(setAttributes(link, attributes), { code: 'ENOTDIR' });
  assert.equal(lstatSync(real).mode & 0o7777, 0o700);
  await setAttributes(real, attributes);
  const stats = lstatSync(real);
  assert.deepEqual([stats.mode & 0o7777, stats.uid, stats.gid], [0o751, uid, gid]);
});
