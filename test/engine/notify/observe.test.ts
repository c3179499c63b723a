import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import type { Share } from '../../../src/domain/percentage.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { stage } from '../gate/support/gates.ts';
import { VERIFICATION } from '../support/host.ts';
import { channel, NotifiedHost, START, UNREACHABLE } from './support.ts';

const minute = duration(1, 'm');
const day = duration(1, 'd');

describe('what is told of runs', () => {
  it('lists the jobs that failed for one cause in one message, with what is still safe', async () => {
    const services = Array.from({ length: 20 }, (_, index) => `app${index}`);
    using host = new NotifiedHost(services);
    host.run(
      Object.fromEntries(services.flatMap((name) => ['nas', 'offsite'].map((place) => [`${name}@${place}`, 'succeeded']))),
    );
    host.pass(day);
    host.run(Object.fromEntries(services.map((name) => [`${name}@nas`, UNREACHABLE])));
    await host.flush();
    const [only, ...others] = host.sent;
    assert.deepEqual(others, []);
    assert.equal(only?.message.title, 'Failed: 20 backups to nas (forge)');
    assert.equal(only?.message.items.length, 20);
    for (const name of services) assert.ok(only?.message.body.includes(`- backup of ${name} to nas, since `));
    assert.match(only?.message.body ?? '', /; safe: offsite of 2026-03-02 00:00 \(24h old\)$/m);
  });

  it('tells a run that ended before an older one, and each once', async () => {
    using host = new NotifiedHost(['a', 'b']);
    const first = host.begin(['a@offsite']);
    host.pass(minute);
    host.run({ 'b@nas': UNREACHABLE });
    await host.flush();
    host.pass(minute);
    host.end(first, { 'a@offsite': { code: 'failed', message: 'broken' } });
    await host.flush();
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: backup of b to nas (forge)', 'Failed: backup of a to offsite (forge)']);
  });

  it('does not take for mended what a long run found well before it failed', async () => {
    using host = new NotifiedHost(['a', 'b']);
    const long = host.begin(['a@nas', 'b@offsite']);
    const well = host.report('a@nas', 'succeeded');
    host.journal.endStep(long, well, []);
    host.pass(duration(1, 'h'));
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    host.pass(duration(1, 'h'));
    host.end(long, { 'b@offsite': 'succeeded' });
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: backup of a to nas (forge)']);
    host.pass(minute);
    host.run({ 'a@nas': 'succeeded' });
    host.pass(minute);
    await host.flush();
    assert.equal(host.titles().at(-1), 'Resolved: backup of a to nas (forge)');
  });

  it('tells as over what a long run found wrong before another found it well', async () => {
    using host = new NotifiedHost(['a', 'b']);
    const long = host.begin(['a@nas', 'b@offsite']);
    host.journal.endStep(long, host.report('a@nas', UNREACHABLE), []);
    host.pass(duration(1, 'h'));
    host.run({ 'a@nas': 'succeeded' });
    await host.flush();
    host.pass(duration(1, 'h'));
    host.end(long, { 'b@offsite': 'succeeded' });
    await host.flush();
    assert.deepEqual(host.titles(), ['Resolved: backup of a to nas (forge)']);
    assert.match(host.sent[0]?.message.body ?? '', /It was: nas does not answer/);
    const open = host.journal.notifications.problems().filter(({ source }) => source === 'run');
    assert.deepEqual(open, []);
  });

  it('tells a configuration that does not hold once it is not just being written, and when it holds again', async () => {
    using host = new NotifiedHost(['a']);
    host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
    const broken = new HoldfastError({ code: 'config', operation: 'read', subject: 'x', message: 'x.yaml:3:1: a tab' });
    await host.flush({ broken });
    host.pass(minute);
    await host.flush({ broken });
    assert.deepEqual(host.titles(), []);
    host.pass(duration(5, 'm'));
    await host.flush({ broken });
    host.pass(duration(1, 'h'));
    await host.flush({ broken });
    assert.deepEqual(host.titles(), ['Failed: configuration of this host (forge)']);
    assert.match(host.sent[0]?.message.body ?? '', /nothing runs: x\.yaml:3:1: a tab[^]*To do: holdfast config check/);
    await host.flush();
    assert.equal(host.titles().at(-1), 'Resolved: configuration of this host (forge)');
  });

  it('gathers also while a run that is not over has done its part there', async () => {
    using host = new NotifiedHost(['a', 'b', 'c']);
    const long = host.begin(['b@nas', 'c@offsite']);
    host.journal.endStep(long, host.report('b@nas', UNREACHABLE), []);
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    assert.deepEqual(host.titles(), []);
    host.pass(minute);
    host.end(long, { 'c@offsite': 'succeeded' });
    await host.flush();
    assert.deepEqual(host.titles().length, 1);
    assert.match(host.sent[0]?.message.body ?? '', /backup of a to nas[^]*backup of b to nas/);
  });

  it('gathers what fails while others are at work on the same repository', async () => {
    using host = new NotifiedHost(['a', 'b']);
    const slow = host.begin(['b@nas']);
    host.pass(minute);
    host.run({ 'a@nas': UNREACHABLE });
    const early = await host.flush();
    assert.deepEqual(host.titles(), []);
    assert.deepEqual(early.kind === 'flushed' && [early.observed.open, early.observed.held], [0, 1]);
    host.pass(minute);
    host.end(slow, { 'b@nas': UNREACHABLE });
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: 2 backups to nas (forge)']);
  });

  it('tells once of a process that was killed, also when its run is ended later', async () => {
    using host = new NotifiedHost(['a']);
    const id = host.run({ 'a@nas': 'died' });
    await host.flush();
    host.journal.abandonRun(id, 'the process ended without a word', host.now);
    host.pass(minute);
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: backup of a to nas (forge)']);
    assert.match(
      host.sent[0]?.message.body ?? '',
      /^the process ended without a word .*To do: holdfast run a --repository nas\n/s,
    );
  });

  it('does not take being asked to stop for a failure', async () => {
    using host = new NotifiedHost(['a']);
    host.run({ 'a@nas': 'stopped' });
    await host.flush();
    assert.deepEqual(host.titles(), []);
  });

  it('does not take for mended what somebody only looked at', async () => {
    using host = new NotifiedHost(['a']);
    host.maintained = false;
    host.failed('retention', 'retention:nas', 'no space is left');
    host.pass(minute);
    host.other('retention-plan', 'retention:nas');
    host.pass(minute);
    await host.flush();
    host.other('retention-plan', 'retention:nas');
    host.pass(minute);
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: retention of nas (forge)']);
  });

  it('forgets a unit that no gate runs any more, without a word', async () => {
    using host = new NotifiedHost([]);
    const open = (): string[] => host.journal.notifications.problems().map(({ key }) => key);
    host.gate('sanoid.service', 'pool tank is gone');
    await host.flush();
    assert.deepEqual(host.titles(), ['Do not deploy (forge)', 'Failed: sanoid.service (forge)'].toReversed());
    assert.deepEqual(open(), ['unit:sanoid.service']);
    const other = { name: 'default', preflight: [], criticalAbove: 0.5 as Share, stages: [stage({ units: ['other'] })] };
    host.gates = new Map([['default', other]]);
    host.pass(day);
    await host.flush();
    assert.deepEqual(open(), []);
    assert.equal(host.titles().length, 2);
  });

  it('makes no news of what ended more than a week ago', async () => {
    using host = new NotifiedHost(['a']);
    host.run({ 'a@nas': UNREACHABLE, 'a@offsite': 'succeeded' });
    host.pass(duration(8, 'd'));
    host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
    await host.flush();
    assert.deepEqual(host.titles(), []);
    assert.deepEqual(host.journal.untoldRuns(0 as typeof host.now), []);
  });

  it('tells copies that got too old once, and when there is a new one', async () => {
    using host = new NotifiedHost(['a']);
    host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
    for (let hour = 0; hour < 52; hour += 1) {
      host.pass(duration(1, 'h'));
      if (hour % 24 === 0) host.run({ 'a@offsite': 'succeeded' });
      await host.flush();
    }
    assert.deepEqual(host.titles(), ['Too old: copy of a in nas (forge)']);
    assert.match(host.sent[0]?.message.body ?? '', /To do: holdfast run a --repository nas/);
    host.run({ 'a@nas': 'succeeded' });
    host.pass(minute);
    await host.flush();
    assert.equal(host.titles().at(-1), 'Resolved: copy of a in nas (forge)');
  });

  it('tells what was due and did not run, but not before a machine that was off could catch up', async () => {
    using host = new NotifiedHost(['a']);
    host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
    host.pass(duration(30, 'h'));
    await host.flush();
    host.pass(duration(59, 'm'));
    await host.flush();
    assert.deepEqual(host.titles(), []);
    host.pass(minute);
    await host.flush();
    assert.deepEqual(host.titles(), ['Did not run: backup that was due of a (forge)']);
  });
});

describe('what should have run', () => {
  const run = { 'a@nas': 'succeeded', 'a@offsite': 'succeeded' } as const;

  it('is known from its calendar: on a weekday within hours, over a weekend not at all', async () => {
    using host = new NotifiedHost(['a']);
    host.frequency = 'Mon..Fri 02:00';
    host.rpo = duration(7, 'd');
    host.pass(duration(4 * 24 + 2, 'h')); // Friday
    host.run(run);
    const told: number[] = [];
    for (let hour = 0; hour < 4 * 24; hour += 1) {
      host.pass(duration(1, 'h'));
      await host.flush();
      const seen = host.titles().some((title) => title.startsWith('Did not run'));
      if (seen && told.length === 0) told.push(new Date(host.now).getDay(), new Date(host.now).getHours());
    }
    assert.equal(told[0], 1, 'Monday');
    assert.ok((told[1] ?? 0) > 2 && (told[1] ?? 0) <= 12, String(told));
  });

  it('is told also of what keeps and proves backups, whether it never ran or no longer does', async () => {
    using host = new NotifiedHost(['a']);
    host.verification = { ...VERIFICATION, enable: true, repositories: ['nas'] };
    host.maintained = false;
    const everything = (): void => {
      host.other('retention', 'retention:nas');
      host.other('refresh', 'refresh:nas');
      host.other('verify', 'verify:nas');
      host.other('drill', 'drill:a@nas');
    };
    const live = async (days: number): Promise<void> => {
      for (let hour = 0; hour < days * 24; hour += 1) {
        if (hour % 12 === 0) host.run(run);
        await host.flush();
        host.pass(duration(1, 'h'));
      }
    };
    const missed = ['retention of all repositories', 'look into all repositories', 'verification of nas', 'drill of a'];
    const told = missed.map((what) => `Did not run: ${what} (forge)`);
    const isNew = (title: string): boolean => told.includes(title);
    await live(40);
    assert.deepEqual(new Set(host.titles().filter(isNew)), new Set(told), 'never ran');
    const of = (what: string) => host.sent.find(({ message }) => message.title.includes(what))?.message;
    assert.match(of('retention')?.body ?? '', /^it never ran; it is due daily\.\n[^]*By hand: holdfast retention apply$/m);
    assert.match(of('look into')?.body ?? '', /By hand: holdfast status --refresh$/m);
    everything();
    host.sent.length = 0;
    await live(1);
    assert.deepEqual(
      new Set(host.titles()),
      new Set(missed.map((what) => `Resolved: ${what} (forge)`)),
      'they ran, and are not due yet',
    );
    host.sent.length = 0;
    await live(40);
    assert.deepEqual(new Set(host.titles().filter(isNew)), new Set(told), 'no longer run');
  });

  it('does not take deciding what would be removed for removing it', async () => {
    using host = new NotifiedHost(['a']);
    host.maintained = false;
    for (let hour = 0; hour < 40; hour += 1) {
      if (hour % 12 === 0) host.run(run);
      host.other('retention-plan', 'retention:nas');
      host.other('refresh', 'refresh:nas');
      await host.flush();
      host.pass(duration(1, 'h'));
    }
    assert.deepEqual(host.titles(), ['Did not run: retention of all repositories (forge)']);
  });

  it('is told also where a clock that was years ahead dated the last run', async () => {
    using host = new NotifiedHost(['a']);
    host.pass(duration(1000, 'd'));
    host.run(run);
    host.now = START;
    for (let hour = 0; hour < 40; hour += 1) {
      await host.flush();
      host.pass(duration(1, 'h'));
    }
    const missed = host.sent.find(({ message }) => message.title.startsWith('Did not run'));
    assert.match(missed?.message.body ?? '', /^its last run is dated far in the future; it is due daily\./);
  });
});

describe('who is told', () => {
  it('follows the priority, the events and the services of a channel', async () => {
    const channels = [
      channel('all'),
      channel('urgent', { minPriority: 'urgent' }),
      channel('drills', { events: ['drill-failure'] }),
      channel('photos', { services: ['ph*'] }),
      channel('job', { jobs: ['a@nas'] }),
    ];
    using host = new NotifiedHost(['a', 'photos'], channels);
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    assert.deepEqual(host.sent.map((each) => each.channel).toSorted(), ['all', 'job']);
  });

  it('is told that something is over by the channel that told that it began', async () => {
    using host = new NotifiedHost(['a'], [channel('phone', { minPriority: 'high' })]);
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    host.pass(minute);
    host.run({ 'a@nas': 'succeeded' });
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: backup of a to nas (forge)', 'Resolved: backup of a to nas (forge)']);
  });

  it('is told once a channel takes it, if none did: not before, and by its own time', async () => {
    using host = new NotifiedHost(['a'], [channel('drills', { events: ['drill-failure'] })]);
    host.run({ 'a@nas': UNREACHABLE });
    const found = await host.flush();
    assert.equal(host.sent.length, 0);
    assert.ok(found.kind === 'flushed');
    assert.deepEqual([found.observed.open, found.observed.held, found.observed.unheard], [0, 0, 1]);
    host.pass(duration(3, 'h'));
    host.notifications = { ...host.notifications, channels: [channel('phone')] };
    await host.flush();
    await host.flush();
    assert.deepEqual(host.titles(), ['Failed: backup of a to nas (forge)']);
    assert.match(host.sent[0]?.message.body ?? '', /^Since: 2026-03-02 00:01$/m);
  });

  it('is not told that something is over of which nobody heard', async () => {
    using host = new NotifiedHost(['a'], [channel('drills', { events: ['drill-failure'] })]);
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    host.pass(minute);
    host.run({ 'a@nas': 'succeeded' });
    await host.flush();
    host.notifications = { ...host.notifications, channels: [channel('phone')] };
    await host.flush();
    assert.deepEqual(host.titles(), []);
  });

  it('is told of it in a summary at least', async () => {
    using host = new NotifiedHost(['a'], [channel('weekly', { events: ['summary'] })]);
    host.notifications = { ...host.notifications, summary: { schedule: 'daily', at: 8 * 60 } };
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    host.pass(duration(9, 'h'));
    await host.flush();
    assert.match(host.sent[0]?.message.body ?? '', /Open:\n- backup of a to nas: nas does not answer \(since /);
  });

  it('is told in the words of a template, and not at all where it says so', async () => {
    using host = new NotifiedHost(['a']);
    const words = {
      enable: true,
      priority: 'urgent' as const,
      title: '${serviceName}!',
      body: '${errorMessage} on ${host}',
    };
    const off = { enable: false, priority: null, title: null, body: null };
    host.notifications = { ...host.notifications, templates: { 'backup-failure': words, partial: off } };
    host.run({ 'a@nas': UNREACHABLE, 'a@offsite': 'partial' });
    await host.flush();
    host.pass(minute);
    host.run({ 'a@offsite': 'succeeded' });
    await host.flush();
    const said = host.sent.map(({ message: { title, body, priority } }) => [title, body, priority]);
    assert.deepEqual(said, [['a!', 'nas does not answer on forge', 'urgent']]);
  });
});

describe('pings', () => {
  it('tell a check that its job began, ended well, or failed, with what was said', async () => {
    const check = channel('check', { jobs: ['a@nas'], to: { type: 'healthchecks', url: 'https://hc.example/ping/x' } });
    using host = new NotifiedHost(['a', 'b'], [check]);
    const states = (): unknown[] => host.sent.splice(0).map(({ message }) => message.ping);
    const slow = host.begin(['a@nas']);
    host.pass(minute);
    await host.flush();
    await host.flush();
    assert.deepEqual(states(), [{ state: 'start', runId: slow }]);
    host.end(slow, { 'a@nas': 'succeeded' });
    host.pass(minute);
    host.run({ 'b@nas': UNREACHABLE, 'a@offsite': UNREACHABLE });
    host.pass(minute);
    const bad = host.run({ 'a@nas': { code: 'failed', message: 'no space is left' } });
    await host.flush();
    assert.match(host.sent[1]?.message.body ?? '', /^Back up a@nas: failed \(60s\): no space is left$/);
    assert.deepEqual(states(), [
      { state: 'success', runId: slow },
      { state: 'fail', runId: bad },
    ]);
  });
});

describe('a summary', () => {
  it('is not put off by a clock that was years ahead', async () => {
    using host = new NotifiedHost([]);
    host.notifications = { ...host.notifications, summary: { schedule: 'daily', at: 8 * 60 } };
    host.pass(duration(1000, 'd'));
    await host.flush();
    host.now = START;
    for (let hour = 0; hour < 24; hour += 1) {
      await host.flush();
      host.pass(duration(1, 'h'));
    }
    assert.equal(host.titles().length, 2, 'one at once, one at its time');
  });

  it('comes once at its time, also when all is well, and not at once when it is first configured', async () => {
    using host = new NotifiedHost(['a']);
    host.notifications = { ...host.notifications, summary: { schedule: 'daily', at: 8 * 60 } };
    host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
    for (let hour = 0; hour < 36; hour += 1) {
      await host.flush();
      host.pass(duration(1, 'h'));
    }
    const summaries = host.sent.filter(({ message }) => message.kind === 'summary');
    assert.deepEqual(
      summaries.map(({ at }) => new Date(at).getHours()),
      [8, 8],
    );
    assert.match(summaries[0]?.message.body ?? '', /- a: nas 8h, offsite 8h/);
  });
});
