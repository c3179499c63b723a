// The agent as a whole: the real program, its real socket, real backups by its real children.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { reportShape, runEventShape } from '../../src/engine/api/report-shape.ts';
import { statusShape } from '../../src/engine/api/status-shape.ts';
import { healthShape } from '../../src/engine/api/health-shape.ts';
import { listShape } from '../../src/engine/api/list-shape.ts';
import { auditFile } from '../../src/engine/tokens/audit.ts';
import { asOrdinaryUser, NOBODY, type ScratchHost } from '../support/cli.ts';
import { runningAgent } from './support/agent.ts';

test('a run that is asked for is told live to its end, and afterwards by everything that tells of it', async (t) => {
  const agent = await runningAgent(t);
  const events = await agent.events();
  const { status, body, headers } = await agent.trigger({ service: 'app' });
  assert.equal(status, 202);
  assert.equal(headers.location, `/v1/runs/${body.runId}`);
  await events.until((event) => event.type === 'run-ended' && event.runId === body.runId);

  const told = events.all.map(({ data }) => runEventShape.parse(JSON.parse(data)));
  assert.ok(told.every(({ runId }) => runId === body.runId));
  assert.deepEqual([told[0]?.type, told.at(-1)?.type], ['run-started', 'run-ended']);
  const steps = told.flatMap((event) => (event.type === 'step-ended' ? [event.step] : []));
  assert.ok(steps.some(({ id, outcome }) => id === 'backup:app@near' && outcome === 'succeeded'));

  const report = reportShape.parse((await agent.ask(`/v1/runs/${body.runId}`)).body);
  assert.equal(report.outcome, 'succeeded');
  const [snapshot] = await agent.host.snapshots('near');
  const status_ = statusShape.parse((await agent.ask('/v1/backup-status?service=app')).body);
  const job = status_.services[0]?.jobs[0];
  assert.equal(job?.newest?.snapshotId, snapshot?.id);
  assert.equal(job?.lastRun?.runId, body.runId);
  const list = listShape.parse((await agent.ask('/v1/backup-list?service=app')).body);
  assert.deepEqual(
    list.repositories.map(({ repository, snapshots }) => [repository, snapshots.map(({ id }) => id)]),
    [['near', [snapshot?.id]]],
  );
  assert.equal((await agent.ask('/v1/runs')).body.runs[0].id, body.runId);
  assert.match(
    readFileSync(auditFile(agent.host.stateDir), 'utf8'),
    new RegExp(`backup-trigger.*unix socket.*${body.runId}`),
  );
});

test('metrics are those of the command, made when they are asked for', async (t) => {
  const agent = await runningAgent(t);
  await agent.host.backUp();
  const { status, body } = await agent.ask('/metrics');
  assert.equal(status, 200);
  assert.match(body, /^restic_backup_status\{backup_job="app",repository="near",hostname="[^"]+"\} 1$/m);
});

test('a run that somebody else started is told live, too, and a stream goes on where it was', async (t) => {
  const agent = await runningAgent(t);
  const events = await agent.events();
  const first = await agent.host.backUp();
  const end = await events.until((event) => event.type === 'run-ended' && event.runId === first.report.id);
  assert.ok(events.all.some(({ data }) => data.includes('"type":"step-started"')));
  events.close();
  const second = await agent.host.backUp();
  const again = await agent.events('', { 'last-event-id': end.id ?? '' });
  await again.until((event) => event.type === 'run-ended' && event.runId === second.report.id);
  assert.ok(again.all.every(({ data }) => (JSON.parse(data) as { runId: string }).runId === second.report.id));
  const lost = await agent.events('', { 'last-event-id': 'elsewhere-7' });
  assert.equal((await lost.until(() => true)).type, 'gap');
});

test('a backup needs nothing of an agent that does not move', async (t) => {
  const agent = await runningAgent(t);
  agent.started.child.kill('SIGSTOP');
  const { code, report } = await agent.host.backUp();
  agent.started.child.kill('SIGCONT');
  assert.deepEqual([code, report.outcome], [0, 'succeeded']);
  const events = await agent.events('', { 'last-event-id': 'before-1' });
  await events.until((event) => event.type === 'run-ended' && event.runId === report.id);
});

test('the same idempotency key means one run, also after a restart of the agent; for something else it is refused', async (t) => {
  const agent = await runningAgent(t, (host) => host.addService('other'));
  const events = await agent.events();
  const key = { 'idempotency-key': 'deploy-7' };
  const first = await agent.trigger({ service: 'app' }, key);
  await events.until((event) => event.type === 'run-ended');
  const second = await agent.trigger({ service: 'app' }, key);
  assert.deepEqual([second.body.runId, second.body.repeated], [first.body.runId, true]);
  assert.equal((await agent.trigger({ service: 'other' }, key)).status, 422);
  agent.started.child.kill('SIGTERM');
  assert.equal((await agent.started.ended).code, 0);
  const again = await runningAgent(t, () => {}, agent.host);
  assert.equal((await again.trigger({ service: 'app' }, key)).body.runId, first.body.runId);
  assert.equal((await again.ask('/v1/runs')).body.runs.length, 1);
});

test('a child that dies before its run begins is reported, with its last words', async (t) => {
  const agent = await runningAgent(t);
  const events = await agent.events();
  const whole = readFileSync(agent.host.path('holdfast.yaml'), 'utf8');
  writeFileSync(agent.host.path('holdfast.yaml'), whole.replace('"app"', '"other"'));
  const { body } = await agent.trigger({ service: 'app' });
  const end = await events.until((event) => event.type === 'run-ended' && event.runId === body.runId);
  assert.match(end.data, /no service is called app/);
  const report = reportShape.parse((await agent.ask(`/v1/runs/${body.runId}`)).body);
  assert.deepEqual([report.outcome, report.steps], ['failed', []]);
  assert.match(report.warnings.join(), /no run began.*no service is called app/s);
});

test('a process that dies while it runs is told as ended', async (t) => {
  const agent = await runningAgent(t, (host) => {
    const hook = host.script('hang', `touch ${host.path('hanging')}; exec sleep 600`);
    host.addService('slow', { a: 'a' }, { hooks: { before: [[hook]] } });
  });
  const events = await agent.events();
  const run = agent.host.start(['run', 'slow']);
  const begun = await events.until((event) => event.type === 'step-started' && event.stepId === 'backup:slow@near');
  const { runId } = JSON.parse(begun.data) as { runId: string };
  run.child.kill('SIGKILL');
  const end = await events.until((event) => event.type === 'run-ended' && event.runId === runId);
  assert.match(end.data, /"outcome":"interrupted".*without a word/);
});

test('being told to stop stops what it started, in order, and leaves no socket', async (t) => {
  const agent = await runningAgent(t, (host) => {
    host.addService('slow', { a: 'a' }, { hooks: { before: [[host.script('hang', 'exec sleep 600')]] } });
  });
  const events = await agent.events();
  const { body } = await agent.trigger({ service: 'slow' });
  await events.until((event) => event.type === 'step-started' && event.stepId === 'backup:slow@near');
  agent.started.child.kill('SIGTERM');
  assert.equal((await agent.started.ended).code, 0);
  assert.equal(existsSync(agent.socket), false);
  using journal = agent.host.journal();
  assert.equal(journal.run(body.runId)?.outcome, 'interrupted');
  assert.deepEqual(journal.unfinishedRuns(), []);
});

test('of two agents the second is told which process is the first; what a killed one left is taken over', async (t) => {
  const agent = await runningAgent(t);
  const second = await agent.host.run(['agent']);
  assert.equal(second.code, 75);
  assert.match(second.stderr, new RegExp(`pid ${agent.started.child.pid}\\b`));
  assert.equal((await agent.ask('/health')).status, 200, 'the first is not harmed');
  const elsewhere = await agent.host.run(['--state-dir', agent.host.path('other'), 'agent']);
  assert.equal(elsewhere.code, 75, 'the same socket, another record');
  agent.started.child.kill('SIGKILL');
  await agent.started.ended;
  assert.ok(existsSync(agent.socket));
  const third = await runningAgent(t, () => {}, agent.host);
  assert.equal((await third.ask('/health')).status, 200);
});

test('without its group the socket is for nobody but its owner, and the progress of runs always is', async (t) => {
  const agent = await runningAgent(t);
  assert.equal(lstatSync(agent.socket).mode & 0o777, 0o600);
  assert.equal(lstatSync(agent.host.path('run', 'progress.sock')).mode & 0o777, 0o600);
  await agent.started.said(/there is no group no-such-group/);
});

test('what is no socket is not replaced by one, nor where the agent prepares it', async (t) => {
  const agent = await runningAgent(t);
  agent.started.child.kill('SIGTERM');
  await agent.started.ended;
  for (const file of [agent.socket, `${agent.socket}.new`, agent.host.path('run', 'progress.sock')]) {
    writeFileSync(file, 'precious');
    const { code, stderr } = await agent.host.run(['agent']);
    assert.equal(code, 2);
    assert.match(stderr, /something that is no socket/);
    assert.ok(stderr.includes(file), stderr);
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    rmSync(file);
  }
  mkdirSync(`${agent.socket}.new`);
  assert.equal((await agent.host.run(['agent'])).code, 2);
});

test('a new configuration holds without a restart; a broken one changes nothing and is told', async (t) => {
  const agent = await runningAgent(t);
  const file = agent.host.path('holdfast.yaml');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, '{ nonsense');
  await agent.started.said(/the new configuration does not hold/);
  const health = healthShape.parse((await agent.ask('/health')).body);
  assert.equal(health.status, 'degraded');
  assert.match(health.problems.join(), /does not hold/);
  assert.equal((await agent.ask('/v1/backup-status')).body.services[0].service, 'app');
  writeFileSync(file, good.replace('"app"', '"renamed"'));
  await agent.started.said(/was read again/);
  assert.equal((await agent.ask('/v1/backup-status')).body.services[0].service, 'renamed');
  assert.equal((await agent.ask('/health')).body.status, 'ok');
});

test('while a deployment holds, nothing is started', async (t) => {
  const agent = await runningAgent(t);
  hold(agent.host);
  const { status, body } = await agent.trigger({ service: 'app' });
  assert.equal(status, 409);
  assert.match(body.error.message, /a deployment holds .* until 2999/);
  assert.match(body.error.hint, /gate release/);
});

test('what comes due while a deployment holds is started once when that is over, also by an agent that came later', async (t) => {
  const agent = await runningAgent(t, (host) => {
    host.addService('app', { a: 'a' }, { frequency: 'daily', randomizedDelay: undefined });
    host.configure({
      agent: { socket: host.path('run', 'agent.sock'), group: 'no-such-group', schedule: true },
      verification: { enable: false, restoreTesting: { enable: false } },
    });
    const missed = { until: Date.now() - 50 * 3600_000, frequency: 'daily' };
    host.write('state/schedule.json', JSON.stringify({ version: 1, jobs: { 'run:app': missed } }));
    hold(host);
  });
  await agent.started.said(/"job":"run:app","msg":"due, and held by a deployment"/);
  agent.started.child.kill('SIGTERM');
  assert.equal((await agent.started.ended).code, 0);
  const again = await runningAgent(t, () => {}, agent.host);
  await again.started.said(/"job":"run:app","msg":"due, and held by a deployment"/);
  const events = await again.events();
  using journal = agent.host.journal();
  const runs = () => journal.runs({ limit: 10 }).filter(({ kind }) => kind === 'run');
  assert.deepEqual(runs(), []);
  const [held] = journal.keptEffects('timers-on-hold');
  journal.settleEffect(held?.id ?? 0, 0 as never);
  const end = await events.until((event) => event.type === 'run-ended' && event.kind === 'run');
  assert.match(end.data, /"outcome":"succeeded"/);
  again.started.child.kill('SIGTERM');
  await again.started.ended;
  const third = await runningAgent(t, () => {}, agent.host);
  assert.equal(healthShape.parse((await third.ask('/health')).body).schedule.active, true);
  assert.equal(runs().length, 1);
});

test('who may use the socket and not the record runs and looks through the agent, with the same answers', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs another user');
  const agent = await runningAgent(t, (host) => {
    const socket = host.path('run', 'agent.sock');
    host.configure({ agent: { socket, group: 'nogroup', schedule: false } });
    execFileSync('chmod', ['755', host.root]);
  });
  const member = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--groups=65534', '--'];
  const run = await agent.host.run(['--json', 'run', 'app'], { under: member });
  assert.equal(run.code, 0, run.stderr);
  const report = JSON.parse(run.stdout) as Report;
  assert.equal(report.outcome, 'succeeded');
  assert.match(run.stderr, /Back up app to near \.\.\./);
  const status = await agent.host.run(['--json', 'status', 'app'], { under: member });
  assert.equal(JSON.parse(status.stdout).services[0].jobs[0].lastRun.runId, report.id);
  const stranger = await agent.host.run(['run', 'app'], { under: asOrdinaryUser() });
  assert.equal(stranger.code, 2);
  assert.match(stranger.stderr, /may not read and write/);
  const asked = await agent.host.run(['run', 'app', '--agent'], { under: asOrdinaryUser() });
  assert.match(asked.stderr, /this user may not use .*agent\.sock/);
  return undefined;
});

test('where no timers do, the agent itself starts what recurs, and says what comes next', async (t) => {
  const agent = await runningAgent(t, (host) => {
    host.addService('app', { a: 'a' }, { frequency: '*:*:0/2', randomizedDelay: undefined });
    host.configure({
      agent: { socket: host.path('run', 'agent.sock'), group: 'no-such-group', schedule: true },
      verification: { enable: false, restoreTesting: { enable: false } },
    });
  });
  const events = await agent.events();
  const end = await events.until((event) => event.type === 'run-ended' && event.kind === 'run');
  assert.match(end.data, /"outcome":"succeeded"/);
  const { schedule } = healthShape.parse((await agent.ask('/health')).body);
  assert.deepEqual([schedule.active, schedule.next?.job], [true, 'run:app']);
});

/** As `holdfast gate --hold` leaves it. */
function hold(host: ScratchHost): void {
  using journal = host.journal();
  const process_ = { pid: 1, startTicks: '', bootId: '', pidNamespace: '' };
  const plan = { kind: 'gate-hold', host: 'testhost', steps: [], limits: {} };
  journal.openRun({ id: '01BX5ZZKBKACTAV9WEVGEMMVRZ', plan, startedAt: 0 as never, process: process_ });
  const payload = { timers: [], until: '2999-01-01T00:00:00.000Z' };
  const effect = { runId: '01BX5ZZKBKACTAV9WEVGEMMVRZ', stepId: 's', kind: 'timers-on-hold', payload, at: 0 as never };
  journal.keepEffect(journal.intendEffect(effect), 0 as never);
}
