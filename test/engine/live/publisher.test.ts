import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { openPublisher, progressSocket } from '../../../src/engine/live/publisher.ts';
import type { RunnerEvent } from '../../../src/engine/runner/runner.ts';
import { plan, step } from '../../support/plans.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const clock = { now: () => 0 as Instant };
const begun: RunnerEvent = { type: 'run-started', runId: 'R', plan: plan([step('a')]) };
const notice = (message: string): RunnerEvent => ({ type: 'notice', message });

/** An agent's socket, and the first connection to it, which nobody reads. */
async function deafAgent(t: TestContext): Promise<{ readonly socket: string; readonly connection: Promise<Socket> }> {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  mkdirSync(join(directory.path, 'run'));
  const socket = join(directory.path, 'run', 'agent.sock');
  const server = createServer({ pauseOnConnect: true });
  const connection = once(server, 'connection').then(([first]) => first as Socket);
  server.listen(progressSocket(socket));
  await once(server, 'listening');
  t.after(async () => {
    (await connection).destroy();
    server.close();
  });
  return { socket, connection };
}

test('an agent that takes nothing holds up nothing: little is kept for it, and it is given up', async (t) => {
  const { socket, connection } = await deafAgent(t);
  const publisher = openPublisher(socket, { stateDir: '/s' }, clock);
  await connection;
  publisher.observe(begun);
  const filler = 'x'.repeat(10_000);
  const before = process.memoryUsage().external + process.memoryUsage().heapUsed;
  for (let sent = 0; sent < 10_000; sent += 1) publisher.observe(notice(`${sent} ${filler}`)); // 100 MB
  const kept = process.memoryUsage().external + process.memoryUsage().heapUsed - before;
  assert.ok(kept < 50 * 2 ** 20, `${kept} bytes`);
  const begin = performance.now();
  await publisher[Symbol.asyncDispose]();
  assert.ok(performance.now() - begin < 30_000);
});

test('an agent that is busy is waited for a moment at the end, and no longer', async (t) => {
  const { socket, connection } = await deafAgent(t);
  const publisher = openPublisher(socket, { stateDir: '/s' }, clock);
  await connection;
  publisher.observe(begun);
  publisher.observe(notice('x'.repeat(900_000))); // more than the kernel takes, less than makes it stuck
  const begin = performance.now();
  await publisher[Symbol.asyncDispose]();
  const took = performance.now() - begin;
  assert.ok(took > 200 && took < 30_000, `${took} ms`);
});

test('where no agent is, nothing is told and nothing fails', async () => {
  using directory = temporaryDirectory();
  const publisher = openPublisher(join(directory.path, 'agent.sock'), { stateDir: '/s' }, clock);
  publisher.observe(begun);
  await publisher[Symbol.asyncDispose]();
});

test('what was said before the run began is told with its id, after its beginning', async (t) => {
  const { socket, connection } = await deafAgent(t);
  const publisher = openPublisher(socket, { stateDir: '/s' }, clock);
  publisher.observe(notice('early'));
  publisher.observe(begun);
  const heard = connection.then((each) => text(each));
  await publisher[Symbol.asyncDispose]();
  const lines = (await heard).trim().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { type?: string; runId?: string; stateDir?: string });
  assert.deepEqual(
    told.map(({ type, runId, stateDir }) => [type, runId, stateDir]),
    [
      [undefined, undefined, '/s'],
      ['run-started', 'R', undefined],
      ['notice', 'R', undefined],
    ],
  );
});
