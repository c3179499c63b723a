// Against a real ntfy server, with users and a token; skipped where there is none (scripts/setup --tests brings it).

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { DeliveryError } from '../../../src/observe/notify/channel.ts';
import { openChannel } from '../../../src/observe/notify/open-channel.ts';
import { PATH } from '../../support/cli.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { envelope, message } from './contract.ts';

const env = { ...process.env, PATH };
const never = new AbortController().signal;

function hasNtfy(): boolean {
  try {
    execFileSync('ntfy', ['--help'], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  server.close();
  await once(server, 'close');
  return port;
}

/** Whoever is not the user `backups` may neither read nor write. */
async function openNtfy(directory: string) {
  const port = await freePort();
  const config = join(directory, 'server.yml');
  const file = (name: string): string => JSON.stringify(join(directory, name));
  const lines = [
    `listen-http: "127.0.0.1:${port}"`,
    `base-url: "http://127.0.0.1:${port}"`,
    `cache-file: ${file('cache.db')}`,
    `auth-file: ${file('user.db')}`,
    'auth-default-access: deny-all',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn('ntfy', ['serve', '--config', config], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('Listening on')) break;
  const admin = (...args: string[]): string =>
    execFileSync('ntfy', args, {
      env: { ...env, NTFY_PASSWORD: 'secret-password' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  admin('user', '--config', config, 'add', '--role=admin', 'backups');
  const token = /tk_\w+/.exec(
    execFileSync('sh', ['-c', 'ntfy token --config "$0" add backups 2>&1', config], { env, encoding: 'utf8' }),
  )?.[0];
  assert.ok(token);
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    token,
    async messages(): Promise<Record<string, unknown>[]> {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`http://127.0.0.1:${port}/alerts/json?poll=1&since=all`, { headers });
      const text = await answer.text();
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>); // one message a line
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

test(
  'a real ntfy server shows the message as it was meant, and keeps others out',
  { skip: !hasNtfy() && 'no ntfy' },
  async () => {
    using directory = temporaryDirectory();
    await using ntfy = await openNtfy(directory.path);
    const tokenFile = join(directory.path, 'token');
    writeFileSync(tokenFile, `${ntfy.token}\n`, { mode: 0o600 });
    const channel = openChannel({ name: 'phone', to: { type: 'ntfy', url: ntfy.url, tokenFile } });
    await channel.deliver(envelope(), never);
    await channel.deliver(envelope({ title: 'Ümläut 日本', body: '😀'.repeat(3000), priority: 'urgent' }), never);
    const { title, body } = message();
    const [first, second] = await ntfy.messages();
    assert.deepEqual([first?.['title'], first?.['message'], first?.['priority']], [title, body, 4]);
    assert.deepEqual([second?.['title'], second?.['priority'], second?.['attachment']], ['Ümläut 日本', 5, undefined]);
    assert.match(String(second?.['message']), /^😀{500,}\n…$/u);

    writeFileSync(tokenFile, 'tk_wrongwrongwrongwrongwrongwro\n');
    const error: unknown = await channel.deliver(envelope(), never).catch((reason: unknown) => reason);
    assert.ok(error instanceof DeliveryError);
    assert.equal(error.code, 'permission-denied');
    assert.match(error.message, /^it answered 401/);
  },
);
