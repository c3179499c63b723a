import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { DeliveryError } from '../../../src/observe/notify/channel.ts';
import { openChannel } from '../../../src/observe/notify/open-channel.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { envelope, message } from './contract.ts';

const never = new AbortController().signal;
const channel = (...command: [string, ...string[]]) => openChannel({ name: 'mine', to: { type: 'command', command } });

test('a command is given the text on standard input, and all else in its environment', async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'out');
  const script = 'echo "$HOLDFAST_EVENT|$HOLDFAST_PRIORITY|$HOLDFAST_HOST|$HOLDFAST_TITLE|$HOLDFAST_ID" > "$0"; cat >> "$0"';
  await channel('sh', '-c', script, file).deliver(envelope(), never);
  const { title, body } = message();
  assert.equal(readFileSync(file, 'utf8'), `backup-failure|high|forge|${title}|holdfast-1\n${body}\n`);
});

test('a text of any length can be given to a command', async () => {
  await channel('sh', '-c', 'test "$(wc -c)" -gt 1000000').deliver(envelope({ body: 'ö'.repeat(1_000_000) }), never);
});

test('a command that fails is told with its last words', async () => {
  const error: unknown = await channel('sh', '-c', 'echo no such user >&2; exit 3')
    .deliver(envelope(), never)
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof DeliveryError);
  assert.equal(error.message, 'sh ended with 3: no such user');
});

test('a command that is not there is told', async () => {
  await assert.rejects(channel('/no/such/program').deliver(envelope(), never), { code: 'tool-missing', subject: 'mine' });
});

test('a command that hangs is ended with everything that it started', async () => {
  const stop = new AbortController();
  const reason = new HoldfastError({ code: 'timed-out', operation: 'a', subject: 'b', message: 'too long' });
  const delivery = channel('sh', '-c', 'sleep 1000 & wait').deliver(envelope(), stop.signal);
  setImmediate(() => stop.abort(reason));
  await assert.rejects(delivery, reason);
});
