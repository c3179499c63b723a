// Filling the staging from a tree: a whole directory or a single file, with all that belongs to it, or nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Bytes } from '../../../src/domain/bytes.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { StepContext } from '../../../src/domain/plan.ts';
import { fillFromTree } from '../../../src/engine/restore/fill-from-tree.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();
const context = { signal, progress() {}, warn() {}, now: () => 5 as Instant } as unknown as StepContext; // as far as it is used

const filling = (root: string, room: Bytes | null = null) =>
  fillFromTree({
    service: 'app',
    name: 'tank/app@one',
    at: 0 as Instant,
    root,
    room,
    source: { source: 'snapshot' },
    ifNotGood: '',
  });

test('a directory and a file come with attributes and links; what came is on record with where it is from', async () => {
  using temporary = temporaryDirectory();
  const { path } = temporary;
  execFileSync('sh', [
    '-c',
    'mkdir -p "$1/tree/srv/app/data" "$1/staging" && cd "$1/tree/srv" && echo x >app/data/file && ln app/data/file app/hard && chmod 2750 app/data && touch -d 2020-01-02 app/data && echo one >single',
    'sh',
    path,
  ]);
  const place = (name: string) => ({
    path: `/srv/${name}`,
    real: `/srv/${name}`,
    staging: join(path, 'staging'),
    staged: join(path, 'staging', name),
  });
  const fill = filling(join(path, 'tree'));
  const listing = await fill.stage([place('app'), place('single')], context);
  assert.deepEqual([listing.entries, listing.files, listing.bytes], [5, 3, 8]);
  assert.equal(readFileSync(join(path, 'staging/single'), 'utf8'), 'one\n');
  assert.equal(readFileSync(join(path, 'staging/app/hard'), 'utf8'), 'x\n');
  const { outcome, result, evidence } = fill.comesTo(listing, { inPlace: ['/srv/app'] }, [], context);
  assert.equal(outcome, 'succeeded');
  assert.partialDeepStrictEqual(result, { source: 'snapshot', snapshot: 'tank/app@one', repository: null });
  const [proof] = evidence ?? [];
  assert.deepEqual([proof?.kind, proof?.repository, proof?.complete], ['restore', '', true]);
  assert.equal(typeof proof?.detail['seconds'], 'number');
});

test('what cannot be copied is told, and so is a file system that has no room for it', async () => {
  using temporary = temporaryDirectory();
  const { path } = temporary;
  mkdirSync(join(path, 'staging'));
  writeFileSync(join(path, 'other'), '');
  const gone = { path: '/srv/gone', real: '/srv/gone', staging: join(path, 'staging'), staged: join(path, 'staging/gone') };
  await assert.rejects(filling(path).stage([gone], context), HoldfastError);
  assert.ok(!existsSync(gone.staged));
  const huge = filling(path, Number.MAX_SAFE_INTEGER as Bytes);
  await assert.rejects(huge.requireRoom(path, context), /are to be restored/);
  await filling(path).requireRoom(path, context);
});
