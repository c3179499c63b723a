// Where systemd cannot be reached, or whoever listens is no systemd. What a real one does is in test/lab/units*.test.ts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, HoldfastError } from '../../../src/lib/errors.ts';
import { openManager } from '../../../src/tools/systemd/open-manager.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const NEVER = new AbortController().signal;
const NOWHERE = '/nonexistent/socket';

/** Somebody who listens; `answer` is given each connection. */
async function listener(answer: (connection: Socket) => void): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'socket');
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection.on('error', () => {}).on('close', () => connections.delete(connection)));
    answer(connection);
  });
  await once(server.listen(path), 'listening');
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) connection.destroy();
      server.close();
      await once(server, 'close');
      directory[Symbol.dispose]();
    },
  };
}

const is =
  (code: ErrorCode, message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.notEqual(error.hint ?? '', '');
    return true;
  };

test('where systemd does not run it is said that this is not supported, and where units can be run', async () => {
  await assert.rejects(openManager(NEVER, { systemd: NOWHERE, bus: NOWHERE }), is('unsupported', /does not run here/));
  await using stale = await listener(() => {});
  const path = stale.path;
  await stale[Symbol.asyncDispose]();
  await assert.rejects(openManager(NEVER, { systemd: path, bus: NOWHERE }), is('unsupported', /does not run here/));
});

test(
  'who may not talk to it is told that, and not that there is no systemd',
  { skip: process.getuid?.() !== 0 && 'not root' },
  async () => {
    await using closed = await listener(() => {});
    for (const sockets of [
      { systemd: closed.path, bus: NOWHERE },
      { systemd: NOWHERE, bus: closed.path },
    ]) {
      process.seteuid?.(65_534); // its directory is for its owner
      const opening = openManager(NEVER, sockets);
      try {
        await assert.rejects(opening, is('permission-denied', /may not talk/));
      } finally {
        process.seteuid?.(0);
      }
    }
  },
);

for (const [title, answer, message] of [
  ['closes the connection', (connection) => connection.destroy(), /./],
  ['lets nobody in', (connection) => connection.on('data', () => connection.write('REJECTED EXTERNAL\r\n')), /REJECTED/],
  ['speaks another language', (connection) => connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /./],
] as const satisfies readonly (readonly [string, (connection: Socket) => unknown, RegExp])[]) {
  test(`somebody who ${title} is an error that says so`, async () => {
    await using other = await listener(answer);
    await assert.rejects(openManager(NEVER, { systemd: other.path, bus: NOWHERE }), is('tool-failed', message));
  });
}

test('who waits for somebody silent can give up', async () => {
  await using silent = await listener((connection) => connection.on('data', () => {}));
  const controller = new AbortController();
  const opening = openManager(controller.signal, { systemd: silent.path, bus: NOWHERE });
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(opening, reason);
  await assert.rejects(openManager(controller.signal, { systemd: silent.path, bus: NOWHERE }), reason);
});
