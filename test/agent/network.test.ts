// The agent on the network as others meet it: the real program, its certificate, tokens that the command line made.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { json } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { auditFile } from '../../src/engine/tokens/audit.ts';
import { type Agent, type Answered, runningAgent } from './support/agent.ts';

interface Reply extends Pick<Answered, 'status' | 'body'> {
  readonly certificate: PeerCertificate;
}

interface Remote {
  readonly agent: Agent;
  readonly port: number;
  readonly ask: (path: string, token: string | null, body?: object) => Promise<Reply>;
  readonly token: (...options: string[]) => Promise<string>;
  /** A new certificate in the place of the one before. */
  readonly certify: (name: string) => void;
}

async function remote(t: TestContext): Promise<Remote> {
  const port = await freePort();
  let certify = (_name: string): void => {};
  const agent = await runningAgent(t, (host) => {
    const [certificateFile, keyFile] = [host.path('cert.pem'), host.path('key.pem')];
    certify = (name) => {
      const what = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -addext subjectAltName=DNS:localhost`;
      const into = ['-subj', `/CN=${name}`, '-keyout', `${keyFile}.new`, '-out', certificateFile];
      execFileSync('openssl', [...what.split(' '), ...into], { stdio: 'ignore' });
      renameSync(`${keyFile}.new`, keyFile);
    };
    certify('first');
    const tcp = { listen: `127.0.0.1:${port}`, certificateFile, keyFile };
    host.configure({
      agent: { socket: host.path('run', 'agent.sock'), group: 'no-such-group', schedule: false, tcp },
    });
  });
  return {
    agent,
    port,
    certify,
    async token(...options) {
      const { stdout, stderr } = await agent.host.run(['agent', 'token', 'create', '--expires', '1h', ...options]);
      assert.match(stdout, /^holdfast_/, stderr);
      return stdout.trim();
    },
    async ask(path, token, body) {
      const answered = Promise.withResolvers<Reply>();
      const headers = {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      };
      const ca = readFileSync(agent.host.path('cert.pem'));
      const method = body ? 'POST' : 'GET';
      const sent = request({ host: '127.0.0.1', servername: 'localhost', port, path, method, headers, ca, agent: false });
      sent.once('response', (response) => {
        const certificate = (response.socket as TLSSocket).getPeerCertificate();
        json(response).then(
          (told) => answered.resolve({ status: response.statusCode ?? 0, body: told, certificate }),
          answered.reject,
        );
      });
      sent.on('error', answered.reject);
      sent.end(body && JSON.stringify(body));
      return await answered.promise;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

test('a token of the command line starts and follows a backup over TLS, until it is taken back', async (t) => {
  const { agent, ask, token } = await remote(t);
  const ci = await token('--scope', 'backup-trigger,runs', '--name', 'ci');
  const events = await agent.events();
  const { status, body } = await ask('/v1/backup-trigger', ci, { service: 'app' });
  assert.equal(status, 202);
  await events.until((event) => event.type === 'run-ended' && event.runId === body.runId);
  assert.equal((await ask(`/v1/runs/${body.runId}`, ci)).body.outcome, 'succeeded');
  assert.match(readFileSync(auditFile(agent.host.stateDir), 'utf8'), /backup-trigger.*\(ci\)/);
  assert.deepEqual([(await ask('/metrics', ci)).status, (await ask('/health', null)).status], [403, 401]);
  const revoke = () => agent.host.run(['agent', 'token', 'revoke', 'ci']);
  assert.equal((await revoke()).code, 0);
  assert.match((await ask('/v1/runs', ci)).body.error.message, /revoked/);
  const again = await revoke();
  assert.deepEqual([again.code, /\(ci\) was revoked already: 20/.test(again.stdout)], [0, true], again.stdout);
  const never = await agent.host.run(['agent', 'token', 'revoke', 'nobody']);
  assert.equal(never.code, 64);
});

test('where its tokens cannot be read the agent calls none wrong, and says once why', async (t) => {
  const { agent, ask, token } = await remote(t);
  const good = await token('--scope', 'runs');
  const file = agent.host.path('state', 'agent-tokens.json');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, 40));
  for (let times = 0; times < 3; times += 1) {
    const { status, body } = await ask('/v1/runs', good);
    assert.equal(status, 503);
    assert.match(body.error.message, /tokens of this host cannot be read/);
    assert.ok(!JSON.stringify(body).includes(agent.host.root), 'the network need not know where');
  }
  const list = await agent.host.run(['agent', 'token', 'list']);
  assert.equal(list.code, 2);
  assert.match(list.stderr, /agent-tokens\.json is damaged/);
  assert.match(list.stderr.replaceAll(/\s+/g, ' '), /mv \S+agent-tokens\.json \S+agent-tokens\.json\.damaged/);
  writeFileSync(file, whole);
  assert.equal((await ask('/v1/runs', good)).status, 200);
  agent.started.child.kill('SIGTERM');
  const said = (await agent.started.ended).stderr.match(/"msg":"no token is good/g);
  assert.equal(said?.length, 1);
});

test('a renewed certificate is shown after a reload; one that cannot be used leaves the one before', async (t) => {
  const { agent, ask, certify, token } = await remote(t);
  const good = await token('--scope', 'runs');
  assert.equal((await ask('/v1/runs', good)).certificate.subject.CN, 'first');
  const before = readFileSync(agent.host.path('cert.pem'));
  writeFileSync(agent.host.path('cert.pem'), 'half a certificate');
  agent.started.child.kill('SIGHUP');
  await agent.started.said(/the certificate cannot be used; the one before still is/);
  writeFileSync(agent.host.path('cert.pem'), before);
  assert.equal((await ask('/v1/runs', good)).certificate.subject.CN, 'first');
  certify('second');
  agent.started.child.kill('SIGHUP');
  await agent.started.said(/another certificate is shown/);
  assert.equal((await ask('/v1/runs', good)).certificate.subject.CN, 'second');
});

test('SIGHUP has the configuration read again where no watch sees that it changed', async (t) => {
  const agent = await runningAgent(t, (host) => {
    host.write('etc/real.yaml', '');
    symlinkSync(host.path('etc', 'real.yaml'), host.path('holdfast.yaml'));
  });
  const file = agent.host.path('etc', 'real.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"app"', '"renamed"'));
  assert.equal((await agent.ask('/v1/backup-status')).body.services[0].service, 'app');
  agent.started.child.kill('SIGHUP');
  await agent.started.said(/was read again/);
  assert.equal((await agent.ask('/v1/backup-status')).body.services[0].service, 'renamed');
});
