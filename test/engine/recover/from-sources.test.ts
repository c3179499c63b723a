// What a recovery says when none of its sources can give the data back: each of them, and whether trying again may help.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { StepContext } from '../../../src/domain/plan.ts';
import type { SaidSource } from '../../../src/domain/recovery-source.ts';
import type { Recovering } from '../../../src/engine/recover/from-copies.ts';
import { type Asked, NOT_ASKED } from '../../../src/engine/recover/sources/ask-sources.ts';
import { fromSources } from '../../../src/engine/recover/sources/from-sources.ts';
import type { Offer } from '../../../src/engine/recover/sources/source.ts';
import { HoldfastError, type Retry } from '../../../src/lib/errors.ts';

const { signal } = new AbortController();
const context = { signal, warn() {} } as unknown as StepContext; // as far as it is used
const scene = { service: { name: 'app', recover: { sources: [] } } } as unknown as Recovering; // as above

/** A snapshot that was there when it was asked for. */
const offering = (retry: Retry): Offer => ({
  source: { source: 'snapshot' },
  name: 'snapshot',
  snapshot: 'tank/app@one',
  at: 0 as Instant,
  bytes: null,
  remarks: [],
  ifNotGood: '',
  open: () =>
    Promise.reject(
      new HoldfastError({ code: 'failed', operation: 'look into', subject: 'tank/app@one', message: 'it is gone', retry }),
    ),
});
const dead = (mayPass: boolean): SaidSource => ({ name: 'replica nas', said: 'silent', reason: 'no route', mayPass });

const failure = async (asked: Partial<Asked>): Promise<HoldfastError> => {
  const [result] = await Promise.allSettled([fromSources(null, { ...NOT_ASKED, ...asked }, [], scene, context)]);
  assert.ok(result.status === 'rejected' && result.reason instanceof HoldfastError);
  return result.reason;
};

test('a source that fails alone is told as it is', async () => {
  const { code, subject, message } = await failure({ offer: offering('never') });
  assert.deepEqual([code, subject, message], ['failed', 'tank/app@one', 'it is gone']);
});

test('where several could not, each says why, and it is tried again where one of them may answer later', async () => {
  const told = await failure({ offer: offering('never'), others: [dead(false)] });
  assert.match(
    told.message,
    /replica nas could not give it back \(no route\); snapshot could not give it back \(it is gone\)/,
  );
  assert.equal(told.retry, 'never');
  assert.equal((await failure({ offer: offering('never'), others: [dead(true)] })).retry, 'later');
  assert.equal((await failure({ offer: offering('later'), others: [dead(false)] })).retry, 'later');
});

test('what is wrong with the recovery itself is no reason to try another source', async () => {
  const bug = new TypeError('of our own');
  const offer = { ...offering('never'), open: () => Promise.reject(bug) };
  await assert.rejects(fromSources(null, { ...NOT_ASKED, offer }, [], scene, context), bug);
});
