// The agent on the network and against clients that mean no good: the real server, a real certificate, a record in memory.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { EventHub } from '../../src/agent/event-hub.ts';
import { readCertificate } from '../../src/agent/certificate.ts';
import { openLog } from '../../src/agent/log.ts';
import { makeServer } from '../../src/agent/server.ts';
import type { Served } from '../../src/agent/served.ts';
import type { Capability } from '../../src/domain/capability.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { AuditEntry } from '../../src/engine/tokens/audit.ts';
import { type Token, tokenText } from '../../src/engine/tokens/token.ts';
import { openTransientJournal } from '../../src/journal/open-journal.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const NOW = 1_800_000_000_000 as Instant;
const clock = { now: () => NOW };

interface Place {
  readonly hub: EventHub;
  readonly audit: AuditEntry[];
  readonly log: string[];
  readonly port: number;
  readonly key: (scopes: readonly Capability[], more?: Partial<Token>) => string;
  get(path: string, headers?: Record<string, string>, sent?: { method: string; body: string | Buffer }): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly error: { code: string; message: string; subject: string; hint: string | null } | undefined;
}

async function listening(t: TestContext, over: 'tcp' | 'unix'): Promise<Place> {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  const [certificateFile, keyFile] = [join(directory.path, 'cert.pem'), join(directory.path, 'key.pem')];
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout ${keyFile} -out ${certificateFile}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const tls = over === 'tcp' ? readCertificate({ host: '', port: 0, certificateFile, keyFile }) : null;
  const tokens: Token[] = [];
  const audit: AuditEntry[] = [];
  const log: string[] = [];
  const hub = new EventHub('t');
  const journal = openTransientJournal();
  t.after(() => journal[Symbol.dispose]());
  const served = {
    clock,
    hub,
    journal: { now: () => journal },
    status: { text: () => '{"kind":"status"}' },
    triggers: { report: () => null, trigger: () => ({ runId: 'R', service: 's', repository: null, repeated: false }) },
  } as unknown as Served; // what these tests ask for
  const server = await makeServer(served, {
    over,
    tls,
    clock,
    tokens: () => tokens,
    tokensUnread: (error) => assert.fail(String(error)),
    audit: (entry) => audit.push(entry),
    log: openLog({ human: false, verbose: true, write: (line) => log.push(line) }),
  });
  server.server.listen(0, '127.0.0.1');
  await new Promise((done) => server.server.once('listening', done));
  t.after(async () => {
    const closed = server.close();
    server.server.closeAllConnections();
    await closed;
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    hub,
    audit,
    log,
    port,
    key(scopes, more = {}) {
      const made = tokenText(Buffer.alloc(6, tokens.length + 1), Buffer.alloc(32, tokens.length + 1));
      const { id, hash } = made;
      tokens.push({ id, name: 'n', scopes, createdAt: NOW, expiresAt: null, revokedAt: null, hash, ...more });
      return made.text;
    },
    async get(path, headers = {}, { method, body } = { method: 'GET', body: '' }) {
      const options = { host: '127.0.0.1', port, path, method, headers, agent: false, servername: 'localhost' };
      const sent = tls ? httpsRequest({ ...options, ca: readFileSync(certificateFile) }) : httpRequest(options);
      const answered = Promise.withResolvers<Answer>();
      sent.once('response', (response) => {
        const status = response.statusCode ?? 0;
        const done = json(response) as Promise<{ error?: Answer['error'] }>;
        done.then(({ error }) => answered.resolve({ status, error }), answered.reject);
      });
      sent.on('error', answered.reject);
      sent.end(body);
      return await answered.promise;
    },
  };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

test('on the network nothing is answered without a token, whatever it is', async (t) => {
  const place = await listening(t, 'tcp');
  for (const path of ['/v1/backup-status', '/v1/runs', '/v1/events', '/metrics', '/health', '/openapi.json', '/nothing']) {
    const { status, error } = await place.get(path);
    assert.equal(status, 401, path);
    assert.equal(error?.code, 'permission-denied');
  }
  assert.equal(place.audit.length, 7);
});

test('a token opens what it is for and nothing else; each refusal is audited with whose it was and never with the token', async (t) => {
  const place = await listening(t, 'tcp');
  const good = place.key(['backup-status']);
  assert.equal((await place.get('/v1/backup-status', bearer(good))).status, 200);
  const over = await place.get('/v1/runs', bearer(good));
  assert.equal(over.status, 403);
  assert.equal(over.error?.message, 'it is for backup-status, not for runs');
  const wrong = { expired: place.key(['runs'], { expiresAt: NOW }), revoked: place.key(['runs'], { revokedAt: NOW }) };
  for (const [why, token] of Object.entries(wrong)) {
    const { status, error } = await place.get('/v1/runs', bearer(token));
    assert.equal(status, 401);
    assert.match(error?.message ?? '', new RegExp(why));
  }
  const forged = `${good.slice(0, -4)}AAAA`;
  for (const token of [forged, 'x', '', 'a b', good.toUpperCase()])
    assert.equal((await place.get('/v1/runs', bearer(token))).status, 401, token);
  assert.equal(place.audit.length, 8);
  assert.ok(place.audit.every(({ event }) => event === 'refused'));
  assert.equal(place.audit[0]?.by, '010101010101');
  const written = JSON.stringify(place.audit) + place.log.join('');
  for (const token of [good, forged, ...Object.values(wrong)]) assert.ok(!written.includes(token.slice(-43)));
});

test('on the Unix socket a token narrows, and a wrong one is not as good as none', async (t) => {
  const place = await listening(t, 'unix');
  assert.equal((await place.get('/v1/runs')).status, 200);
  assert.equal((await place.get('/v1/runs', bearer(place.key(['metrics'])))).status, 403);
  assert.equal((await place.get('/v1/runs', bearer('wrong'))).status, 401);
  assert.equal((await place.get('/v1/runs', { authorization: 'Basic cm9vdDo=' })).status, 401);
});

test('a body of 10 MB is refused before it is sent, also where its length is not told', async (t) => {
  const place = await listening(t, 'unix');
  const socket = connect(place.port, '127.0.0.1');
  socket.write(
    'POST /v1/backup-trigger HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10485760\r\n\r\n',
  );
  assert.match(await text(socket), /^HTTP\/1\.1 413 .*larger than anything/s);
  const json_ = { 'content-type': 'application/json' };
  const chunked = { ...json_, 'transfer-encoding': 'chunked' };
  const sent = place.get('/v1/backup-trigger', chunked, { method: 'POST', body: Buffer.alloc(10 * 2 ** 20, 'x') });
  const outcome = await sent.then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(outcome ?? ''), String(outcome)); // cut off while it was still sending
  assert.equal((await place.get('/v1/runs')).status, 200);
});

test('what is wrong in a request is told in the words of the API', async (t) => {
  const place = await listening(t, 'unix');
  const json_ = { 'content-type': 'application/json' };
  const post = (body: string, headers: Record<string, string> = json_): Promise<Answer> =>
    place.get('/v1/backup-trigger', headers, { method: 'POST', body });
  assert.equal((await post('{"service":"s"}')).status, 202);
  assert.equal((await post('{"service":')).status, 400);
  assert.equal((await post('{"serv":"s"}')).status, 400);
  assert.equal((await post('{"service":"s","more":1}')).status, 400);
  assert.equal((await post('"s"')).status, 400);
  assert.equal((await post('service=s', { 'content-type': 'application/x-www-form-urlencoded' })).status, 415);
  assert.equal((await place.get('/v1/runs?limit=0')).status, 400);
  assert.equal((await place.get('/v1/runs?limit=9999999')).status, 400);
  assert.equal((await place.get('/v1/runs/..%2f..%2fetc')).status, 404);
  const { status, error } = await place.get('/nothing');
  assert.deepEqual([status, error?.subject], [404, 'GET /nothing']);
});

test('a client that does not read the stream is cut off, and what is kept for it is bounded', async (t) => {
  const place = await listening(t, 'unix');
  const slow = connect(place.port, '127.0.0.1');
  slow.on('error', () => {});
  const cut = new Promise((done) => slow.once('close', done));
  slow.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((done) => slow.once('readable', done));
  slow.pause();
  const filler = 'x'.repeat(100_000);
  for (let sent = 0; place.hub.listeners > 0; sent += 1) {
    assert.ok(sent < 400, 'it was never cut off');
    place.hub.publish({ type: 'notice', runId: 'r', message: filler });
    await new Promise((done) => setImmediate(done));
  }
  slow.resume();
  await cut;
});

test('more streams than there may be are refused, and there is room again when one ends', async (t) => {
  const place = await listening(t, 'unix');
  const open = Array.from({ length: 64 }, () => {
    const socket = connect(place.port, '127.0.0.1');
    socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
    return socket;
  });
  await Promise.all(open.map((socket) => new Promise((done) => socket.once('data', done))));
  assert.equal((await place.get('/v1/events')).status, 503);
  const [first] = open;
  first?.destroy();
  while (place.hub.listeners === 64) await new Promise((done) => setImmediate(done));
  const again = connect(place.port, '127.0.0.1');
  again.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
  const [head] = await new Promise<string[]>((done) => again.once('data', (data) => done([data.toString()])));
  assert.match(head ?? '', /^HTTP\/1\.1 200 /);
  for (const socket of [...open, again]) socket.destroy();
});

test('a key that everybody can read is refused', (t) => {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  const file = join(directory.path, 'key.pem');
  execFileSync('sh', ['-c', 'openssl genpkey -algorithm ed25519 -out "$1" && chmod 644 "$1"', 'sh', file], {
    stdio: 'ignore',
  });
  assert.throws(
    () => readCertificate({ host: '', port: 0, certificateFile: file, keyFile: file }),
    /everybody on this machine can read it/,
  );
});
