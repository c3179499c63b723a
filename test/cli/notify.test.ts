// The real command line: a failed backup is told, a killed flush tells it again, and nothing that fails there fails a backup.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openReceiver } from '../observe/notify/receiver.ts';
import { ScratchHost } from '../support/cli.ts';

/** A host whose one repository is gone. */
function failingHost(channels: Readonly<Record<string, unknown>>): ScratchHost {
  const host = new ScratchHost();
  host.repositories['nas'] = { url: host.path('gone'), passwordFile: host.path('password') };
  host.addService('notes');
  host.configure({ notifications: { channels } });
  return host;
}
const writes = (host: ScratchHost, more = ''): unknown => ({
  type: 'command',
  command: ['sh', '-c', `(echo "$HOLDFAST_EVENT $HOLDFAST_TITLE"; cat) >> "$0"; ${more}`, host.path('told')],
});
const told = (host: ScratchHost): string => readFileSync(host.path('told'), 'utf8');

test('a backup that failed is told once, with what to do, and again when it is over', async () => {
  using host = failingHost({});
  host.configure({ notifications: { channels: { log: writes(host) } } });
  assert.equal((await host.run(['run'])).code, 2);
  const first = await host.run(['notify', 'flush']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /1 run ended since the last time, 1 new message, 1 open problem\n✓ {2}log {2}1 delivered\n/);
  assert.match(told(host), /^backup-failure Failed: backup of notes to nas \(testhost\)\n/);
  assert.match(
    told(host),
    /gone does not exist\.\n\nSince: .*\nSafe: nothing, there is no complete copy\nTo do: .*repository init nas\nDetails: holdfast history show /,
  );
  assert.equal(
    (await host.run(['notify', 'flush'])).stdout,
    '0 runs ended since the last time, 0 new messages, 1 open problem\n',
  );
  host.repositories = {};
  host.addRepository('nas');
  assert.equal((await host.run(['run'])).code, 0);
  assert.equal((await host.run(['notify', 'flush'])).code, 0);
  assert.match(told(host), /\nbackup-recovered Resolved: backup of notes to nas \(testhost\)\n/);
});

test('a flush that is killed between delivering and writing that down delivers again', async () => {
  using host = failingHost({});
  const kills = `test -e "$0.killed" || { touch "$0.killed"; kill -KILL $PPID; }`;
  host.configure({ notifications: { channels: { log: writes(host, kills) } } });
  await host.run(['run']);
  assert.equal((await host.run(['notify', 'flush'])).signal, 'SIGKILL');
  assert.equal(told(host).match(/^backup-failure/gm)?.length, 1);
  assert.equal((await host.run(['notify', 'flush'])).code, 0);
  assert.equal(told(host).match(/^backup-failure/gm)?.length, 2);
  assert.equal((await host.run(['notify', 'flush'])).code, 0);
  assert.equal(told(host).match(/^backup-failure/gm)?.length, 2);
});

test('a configuration that does not hold is told by the channels of the last one that did', async () => {
  using host = failingHost({});
  host.configure({ notifications: { channels: { log: writes(host) } } });
  await host.run(['notify', 'flush', '--state-dir', host.stateDir]);
  await host.run(['run']);
  host.configure({ services: 'a typo' });
  const flushed = await host.run(['notify', 'flush', '--state-dir', host.stateDir]);
  assert.equal(flushed.code, 78);
  assert.match(flushed.stderr, /Told by the channels of the configuration that held last/);
  assert.match(told(host), /^backup-failure Failed: backup of notes to nas/);
});

test('what starts a flush says where the last configuration is that held, for a broken one cannot', async () => {
  using host = failingHost({});
  host.configure({ notifications: { channels: { log: writes(host) } } });
  await host.run(['run']);
  await host.run(['notify', 'flush']);
  const { files } = JSON.parse((await host.run(['--json', 'units', 'write'])).stdout) as { files: Record<string, string> };
  const [, name = '', dir] = /^Environment=(\w+)=(.*)$/m.exec(files['holdfast-notify.service'] ?? '') ?? [];
  assert.equal(dir, host.stateDir);
  host.configure({ services: 'a typo' });
  const flushed = await host.run(['notify', 'flush'], { env: { [name]: dir } });
  assert.match(flushed.stderr, /Told by the channels of the configuration that held last/);
  const alone = await host.run(['notify', 'flush']);
  assert.doesNotMatch(alone.stderr, /Told by/, 'nothing else leads there');
});

test('of two flushes at once one tells, and nothing is told twice', async () => {
  using host = failingHost({});
  host.configure({ notifications: { channels: { log: writes(host, 'sleep 4') } } });
  await host.run(['run']);
  const flushes = await Promise.all([1, 2].map(() => host.run(['notify', 'flush'])));
  assert.deepEqual(
    flushes.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(flushes.filter(({ stdout }) => stdout.includes('1 delivered')).length, 1);
  assert.equal(told(host).match(/^backup-failure/gm)?.length, 1);
});

test('a channel that does not work is told with what to do, and keeps its message; backups know nothing of it', async () => {
  await using server = await openReceiver();
  using host = failingHost({});
  host.write('token', 'tk_hunter2hunter2\n', 0o600);
  const phone = { type: 'ntfy', url: `${server.url}/alerts`, tokenFile: host.path('token') };
  host.configure({ notifications: { channels: { phone } } });
  server.answer = { status: 302, headers: { location: 'https://elsewhere.example/x' } };
  await host.run(['run']);
  const flush = await host.run(['--json', 'notify', 'flush']);
  assert.equal(flush.code, 1);
  const { channels, queue } = JSON.parse(flush.stdout) as {
    channels: { error: { message: string } }[];
    queue: { waiting: number }[];
  };
  assert.match(channels[0]?.error.message ?? '', /redirects to another place \(https:\/\/elsewhere\.example\)/);
  assert.equal(queue[0]?.waiting, 1);
  server.answer = { status: 200 };
  assert.equal((await host.run(['notify', 'flush'])).code, 1); // its time has not come: what waits, waits
  assert.equal(server.received.length, 1);
  assert.equal((await host.run(['notify', 'flush', '--now'])).code, 0);
  assert.equal(server.received.length, 2);
  const db = readFileSync(host.path('state', 'journal.db'), 'latin1');
  assert.ok(!db.includes('tk_hunter2'), 'the token is in the journal');
});

test('a flush says of which problems nobody is told, and what waits for a channel that is gone', async () => {
  using host = failingHost({});
  const broken = { type: 'command', command: ['false'] };
  const drills = { ...broken, events: ['drill-failure'] };
  const flushWith = async (channels: Readonly<Record<string, unknown>>) => {
    host.configure({ notifications: { channels } });
    return await host.run(['notify', 'flush']);
  };
  await host.run(['run']);
  assert.match(
    (await flushWith({ drills })).stdout,
    /^! 1 problem of which nobody is told, for no channel takes it: see holdfast status$/m,
  );
  assert.match((await host.run(['config', 'check'])).stderr, /nobody would be told of backup-failure, partial, stale/);
  assert.match((await host.run(['status'])).stdout, /no channel takes backup-failure, so that nobody is told: backup of/);
  assert.equal((await flushWith({ phone: broken })).code, 1);
  const { stdout, code } = await flushWith({ drills });
  assert.equal(code, 0);
  assert.match(stdout, /^phone is no longer configured: 1 message for it waiting until another channel takes it/m);
});

test('trying out channels says of each what became of it, and ends with 0, 1 or 2', async () => {
  await using server = await openReceiver();
  using host = failingHost({});
  const good = { type: 'gotify', url: server.url, tokenFile: host.write('token', 'abcd', 0o600) };
  const bad = { type: 'ntfy', url: 'http://127.0.0.1:1/x' };
  host.configure({ notifications: { channels: { good, bad } } });
  const each = await host.run(['notify', 'test']);
  assert.equal(each.code, 1);
  assert.match(each.stdout, /✓ {2}good {2}gotify, delivered in [\d.]+s\n✗ {2}bad {3}ntfy, not delivered\n/);
  assert.match(each.stdout, /error: could not deliver to bad: 127\.0\.0\.1:1: it refused the connection\nhint: /);
  assert.equal((await host.run(['notify', 'test', 'good'])).code, 0);
  assert.equal((await host.run(['notify', 'test', 'bad'])).code, 2);
  const typo = await host.run(['notify', 'test', 'goood']);
  assert.equal(typo.code, 64);
  assert.match(typo.stderr, /good/);
});

test('without a channel a flush says that nobody is told, and a test that there is none to try', async () => {
  using host = failingHost({});
  assert.match((await host.run(['notify', 'flush'])).stdout, /No channel is configured: nobody is told\./);
  const { code, stderr } = await host.run(['notify', 'test']);
  assert.equal(code, 64);
  assert.match(stderr, /no channel is configured/);
});
