import assert from 'node:assert/strict';
import { lstatSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { clearForSocket, listenAt } from '../../src/agent/unix-socket.ts';
import { temporaryDirectory } from '../support/temporary.ts';

function place(t: TestContext): string {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  return join(directory.path, 'agent.sock');
}

test('an agent takes its own socket away, and never that of the one after it', async (t) => {
  const path = place(t);
  const [first, second] = [createServer(), createServer()];
  t.after(() => void [first, second].map((server) => server.close()));
  const earlier = await listenAt(first, path, null);
  const later = await listenAt(second, path, null);
  earlier[Symbol.dispose]();
  assert.equal(lstatSync(path).isSocket(), true);
  later[Symbol.dispose]();
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
});

test('what is no socket stays where it is', (t) => {
  const path = place(t);
  clearForSocket(path);
  writeFileSync(path, 'precious');
  assert.throws(() => clearForSocket(path), /something that is no socket/);
  assert.equal(lstatSync(path).isFile(), true);
});
