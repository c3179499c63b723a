// `holdfast retention`: what really goes from a repository, what never does, and how it is told. With real restic.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { Report } from '../../src/domain/report.ts';
import type { StatusReport } from '../../src/engine/status/status.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { type Ended, fingerprint, listFiles, NOBODY, ScratchHost, scratchHost, stepOf } from '../support/cli.ts';
import { plan } from '../support/plans.ts';

const HOUR = 3_600_000;
const POLICY = { daily: 3 };
/** `daily: 3` keeps three of them and the oldest is not kept: the rule is used up. Not more than half goes. */
const SIX_DAYS = [6, 5, 4, 3, 2, 1];

interface Made {
  readonly host?: string;
  readonly tags?: readonly string[];
  /** Bytes in the snapshot. */
  readonly size?: number;
  /** Its directory, below the root. */
  readonly where?: string;
}

/** A repository with SIX_DAYS of notes, made once. */
let template: { readonly scene: ScratchHost; readonly ids: readonly string[] } | null = null;
after(() => template?.scene[Symbol.dispose]());

class RetentionHost {
  readonly host: ScratchHost;
  readonly #log: string;
  readonly #program: string;

  constructor(host: ScratchHost) {
    this.host = host;
    this.#log = this.host.path('invocations.log');
    this.#program = this.host.script('counting-restic', `echo "$*" >> '${this.#log}'\nexec restic "$@"`);
    this.host.write('invocations.log', '', 0o666);
    execFileSync('chmod', ['755', this.host.root]); // a repository's owner must be able to run the script
  }

  /** A snapshot of that many days ago, as an earlier run would have made it; answers with its id. */
  async snapshot(repository: string, service: string, daysAgo: number, made: Made = {}): Promise<string> {
    const file = this.host.write(`${made.where ?? 'old'}/${service}`, 'x'.repeat(made.size ?? 100));
    const time = new Date(Date.now() - daysAgo * 24 * HOUR).toISOString().slice(0, 19).replace('T', ' ');
    const tags = (made.tags ?? [`holdfast:job=${service}`]).flatMap((tag) => ['--tag', tag]);
    const args = ['backup', '--json', '--time', time, '--host', made.host ?? 'testhost', ...tags, file];
    const { code, stdout, stderr } = await this.host.startRestic(repository, args, { env: { TZ: 'UTC' } }).ended;
    assert.equal(code, 0, stderr);
    const id = /"snapshot_id":"([0-9a-f]{64})"/.exec(stdout)?.[1];
    assert.ok(id, stdout);
    return id;
  }

  async snapshots(repository: string, service: string, days: readonly number[], made: Made = {}): Promise<string[]> {
    const ids: string[] = [];
    for (const day of days) ids.push(await this.snapshot(repository, service, day, made));
    return ids;
  }

  /** SIX_DAYS of notes in that repository, which must be empty. */
  async sixDays(repository: string): Promise<readonly string[]> {
    if (template === null) {
      const scene = new ScratchHost();
      scene.addRepository('days');
      template = { scene, ids: await new RetentionHost(scene).snapshots('days', 'notes', SIX_DAYS) };
    }
    rmSync(this.host.path(repository), { recursive: true });
    cpSync(template.scene.path('days'), this.host.path(repository), { recursive: true });
    return template.ids;
  }

  run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return this.host.run(['--json', 'retention', ...args], { env: { HOLDFAST_RESTIC: this.#program, ...env } });
  }

  async report(args: readonly string[], expected = 0): Promise<Report> {
    const { code, stdout, stderr } = await this.run(args);
    assert.equal(code, expected, `${stdout}\n${stderr}`);
    return JSON.parse(stdout) as Report; // the shape that the first test checks
  }

  async ids(repository: string): Promise<string[]> {
    return (await this.host.snapshots(repository)).map(({ id }) => id).toSorted();
  }

  /** The verbs that restic was called with since the last time. */
  verbs(): string[] {
    const lines = readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
    writeFileSync(this.#log, '');
    const verbs = new Set(['version', 'snapshots', 'forget', 'prune', 'unlock', 'cat', 'list']);
    return lines.map((line) => line.split(' ').find((word) => verbs.has(word)) ?? line);
  }

  /** A fact in the journal, as a run would have left it. */
  record(
    kind: 'backup' | 'restore' | 'drill',
    service: string,
    snapshotId: string,
    complete: boolean,
    at = Date.now(),
    detail: JsonObject = {},
  ): void {
    using journal = this.host.journal();
    const id = `01HXDFASTTEST0${String(facts).padStart(12, '0')}`;
    facts += 1;
    const instant = at as Instant; // a moment of this clock
    journal.openRun({ id, plan: plan([]), startedAt: instant, process: selfIdentity() });
    journal.recordEvidence(id, { kind, service, repository: 'near', snapshotId, at: instant, complete, detail });
    journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, instant);
  }
}
let facts = 0;

interface Decided {
  readonly service: string;
  readonly kept: number;
  readonly removed: number;
  readonly refusal: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly hold: string | null;
  readonly warnings: readonly string[];
  readonly snapshots: readonly { readonly id: string; readonly keep: boolean; readonly reasons: readonly string[] }[];
}

const decidedIn = (report: Report, repository: string): Decided[] =>
  (stepOf(report, `retention:${repository}`).result?.['services'] ?? []) as unknown as Decided[]; // checked by what is read from it

function decisionOf(report: Report, service: string, repository = 'near'): Decided {
  const found = decidedIn(report, repository).find((each) => each.service === service);
  assert.ok(found, `nothing was decided for ${service}`);
  return found;
}

const toRemove = (report: Report, repository = 'near'): string[] =>
  decidedIn(report, repository)
    .flatMap(({ snapshots }) => snapshots.filter(({ keep }) => !keep).map(({ id }) => id))
    .toSorted();

/** One repository without prune, one service kept by POLICY. */
function small(t: TestContext, retention: Record<string, unknown> = POLICY): RetentionHost {
  const scene = new RetentionHost(scratchHost(t));
  scene.host.addRepository('near', { prune: { every: 'never' } });
  scene.host.addService('notes', undefined, { retention });
  return scene;
}

test('apply removes exactly what plan said, with one listing and one forget for each repository', async (t) => {
  const scene = small(t);
  scene.host.addRepository('far', { location: 'offsite', prune: { every: 'never' } });
  for (const service of ['mail', 'wiki']) scene.host.addService(service, undefined, { retention: POLICY });
  for (const repository of ['near', 'far'])
    for (const service of ['notes', 'mail', 'wiki']) await scene.snapshots(repository, service, [5, 4, 3, 2, 1]);
  const before = { near: await scene.ids('near'), far: await scene.ids('far') };
  const untouched = fingerprint(scene.host.path('near'));

  const planned = await scene.report(['plan']);
  assert.deepEqual(scene.verbs(), ['version', 'snapshots', 'snapshots']);
  assert.deepEqual(
    fingerprint(scene.host.path('near')).filter((line) => !line.startsWith('locks ')),
    untouched.filter((line) => !line.startsWith('locks ')),
  );
  assert.deepEqual(await scene.ids('near'), before.near);
  assert.equal(planned.kind, 'retention-plan');
  assert.equal(toRemove(planned).length, 6);
  assert.equal(decisionOf(planned, 'notes').kept, 3);
  assert.ok(decisionOf(planned, 'notes').snapshots.every(({ reasons }) => reasons.length > 0));

  const applied = await scene.report(['apply']);
  assert.deepEqual(scene.verbs().toSorted(), ['forget', 'forget', 'snapshots', 'snapshots', 'version']);
  assert.equal(applied.kind, 'retention');
  assert.deepEqual(toRemove(applied), toRemove(planned));
  const removed = stepOf(applied, 'retention:near').result?.['snapshotsRemoved'];
  assert.deepEqual((removed as string[]).toSorted(), toRemove(planned)); // ids, by the line above
  for (const repository of ['near', 'far'] as const) {
    const gone = new Set(toRemove(planned, repository));
    assert.deepEqual(
      await scene.ids(repository),
      before[repository].filter((id) => !gone.has(id)),
    );
  }
});

test('applying twice changes nothing', async (t) => {
  const scene = small(t);
  await scene.sixDays('near');
  await scene.report(['apply']);
  const left = await scene.ids('near');
  scene.verbs();
  const again = await scene.report(['apply']);
  assert.deepEqual(toRemove(again), []);
  assert.deepEqual(scene.verbs(), ['version', 'snapshots']);
  assert.deepEqual(await scene.ids('near'), left);
});

test("other hosts' snapshots, untagged ones and those of services that were not named stay", async (t) => {
  const scene = small(t);
  scene.host.addService('mail', undefined, { retention: POLICY });
  const mine = await scene.sixDays('near');
  const foreign = await scene.snapshots('near', 'notes', [9, 8, 7, 6], { host: 'elsewhere' });
  const untagged = await scene.snapshots('near', 'notes', [9, 8, 7, 6], { tags: ['notes'] });
  const mail = await scene.snapshots('near', 'mail', [5, 4, 3, 2, 1]);
  const report = await scene.report(['apply', 'notes']);
  assert.deepEqual(toRemove(report), mine.slice(0, 3).toSorted());
  assert.deepEqual(await scene.ids('near'), [...foreign, ...untagged, ...mail, ...mine.slice(3)].toSorted());
});

test('snapshots of a service that is no longer declared, or goes elsewhere now, are kept and told', async (t) => {
  const scene = small(t);
  scene.host.addRepository('far', { prune: { every: 'never' } });
  scene.host.addService('moved', undefined, { retention: POLICY, repository: 'far' });
  const old = await scene.snapshots('near', 'retired', [5, 4, 3, 2]);
  const left = await scene.snapshots('near', 'moved', [3]);
  const { warnings } = stepOf(await scene.report(['apply', 'notes']), 'retention:near');
  assert.deepEqual(warnings.toSorted(), [
    'moved is no longer backed up to near: its snapshot is kept for ever',
    'retired is no longer declared: its 4 snapshots are kept for ever',
  ]);
  assert.deepEqual(await scene.ids('near'), [...old, ...left].toSorted());
});

test('the history under a former name of the host is told, and that of another host that is alive is not', async (t) => {
  const scene = small(t);
  for (const service of ['mail', 'wiki']) scene.host.addService(service, undefined, { retention: POLICY });
  const old = await scene.snapshots('near', 'notes', [9, 8], { host: 'formerly' });
  await scene.snapshot('near', 'mail', 9, { host: 'alive' }); // and one that is newer than the first of this host
  await scene.snapshot('near', 'mail', 1, { host: 'alive' });
  await scene.snapshot('near', 'wiki', 9, { host: 'another', where: 'elsewhere' });
  for (const service of ['notes', 'mail', 'wiki']) await scene.snapshots('near', service, [3, 0]);
  const { warnings } = stepOf(await scene.report(['apply']), 'retention:near');
  assert.deepEqual(warnings, [
    'notes: 2 older snapshots under the host name formerly stay for ever: was this host renamed?',
  ]);
  const left = await scene.ids('near');
  assert.ok(old.every((id) => left.includes(id)));
});

test('a job without a new snapshot since its last application loses nothing, whatever the policy has become', async (t) => {
  const scene = small(t);
  await scene.sixDays('near');
  await scene.report(['apply']);
  const before = await scene.ids('near');
  scene.host.services['notes'] = { backup: { paths: [scene.host.path('data', 'notes')], retention: { last: 1 } } };
  const report = await scene.report(['apply']);
  assert.match(decisionOf(report, 'notes').hold ?? '', /no new complete snapshot since/);
  const { stdout } = await scene.host.run(['retention', 'apply']);
  assert.match(
    stdout,
    /held +no rule keeps it\n.*\nwaiting: no new .*\n? *.*the changed policy is applied after the next backup/s,
  );
  assert.deepEqual(await scene.ids('near'), before);
});

test('a changed policy that would drop more than half stops that job alone, until it is confirmed', async (t) => {
  const scene = small(t, { daily: 30 });
  scene.host.addService('mail', undefined, { retention: POLICY });
  await scene.sixDays('near');
  const mail = await scene.snapshots('near', 'mail', [5, 4, 3, 2, 1]);
  await scene.report(['apply', 'notes']);
  const fresh = await scene.snapshot('near', 'notes', 0);
  const notes = scene.host.path('data', 'notes');
  scene.host.services['notes'] = { backup: { paths: [notes], retention: { daily: 1 } } };

  const refused = await scene.report(['apply'], 1);
  const { refusal } = decisionOf(refused, 'notes');
  assert.equal(refusal?.code, 'policy-changed');
  assert.match(refusal?.hint ?? '', /--confirm notes/);
  assert.match(
    stepOf(refused, 'retention:near').reason ?? '',
    /^notes: the policy was changed, and 6 of 7 snapshots would go/,
  );
  assert.equal((await scene.ids('near')).length, 7 + 3);
  assert.deepEqual(toRemove(refused), mail.slice(0, 2).toSorted());

  const stillRefused = await scene.report(['apply', '--confirm', 'mail'], 1);
  assert.equal(decisionOf(stillRefused, 'notes').refusal?.code, 'policy-changed');
  await scene.report(['apply', '--confirm', 'notes']);
  assert.deepEqual(await scene.ids('near'), [...mail.slice(2), fresh].toSorted());
});

test('far more new snapshots than the schedule explains stop that job alone', async (t) => {
  const scene = small(t, { last: 5 });
  await scene.snapshots('near', 'notes', [9, 8, 7, 6, 5, 4]);
  await scene.report(['apply']);
  await scene.snapshots(
    'near',
    'notes',
    Array.from({ length: 12 }, (_, index) => 1 - index * 0.01),
  );
  const refused = await scene.report(['apply'], 1);
  assert.equal(decisionOf(refused, 'notes').refusal?.code, 'too-many-new');
  assert.equal((await scene.ids('near')).length, 17);
  await scene.report(['apply', '--confirm', 'notes']);
  assert.equal((await scene.ids('near')).length, 5);
});

test('another machine under the same host name loses none of its snapshots', async (t) => {
  const scene = small(t, { daily: 2 });
  for (const day of [3, 2, 1]) {
    await scene.snapshot('near', 'notes', day + 0.5, { where: 'other' });
    await scene.snapshot('near', 'notes', day);
  }
  const refused = await scene.report(['apply'], 1);
  assert.equal(decisionOf(refused, 'notes').refusal?.code, 'two-machines');
  assert.equal((await scene.ids('near')).length, 6);
});

test('newest copies of less than half the size of those they would push out stop that job alone', async (t) => {
  const scene = small(t, { last: 2 });
  await scene.snapshots('near', 'notes', [9, 8], { size: 9000 });
  await scene.report(['apply']);
  await scene.snapshots('near', 'notes', [2, 1], { size: 10 });
  const refused = await scene.report(['apply'], 1);
  assert.equal(decisionOf(refused, 'notes').refusal?.code, 'shrunk');
  assert.equal((await scene.ids('near')).length, 4);
  await scene.report(['apply', '--confirm', 'notes']);
  assert.equal((await scene.ids('near')).length, 2);
});

test('the first application to what others made stops where most of it would go, and says so', async (t) => {
  const scene = small(t, { daily: 2 });
  const all = await scene.sixDays('near');
  const refused = await scene.report(['apply'], 1);
  assert.equal(decisionOf(refused, 'notes').refusal?.code, 'first-application');
  assert.deepEqual(await scene.ids('near'), all.toSorted());
  await scene.report(['apply', '--confirm', 'notes']);
  assert.deepEqual(await scene.ids('near'), all.slice(4).toSorted());
});

test('a snapshot dated in the future neither counts nor goes, and is told', async (t) => {
  const scene = small(t, { last: 1 });
  const [, newest = ''] = await scene.snapshots('near', 'notes', [3, 2]);
  const future = await scene.snapshot('near', 'notes', -400);
  const report = await scene.report(['apply']);
  assert.match(decisionOf(report, 'notes').warnings.join(), /dated in the future/);
  assert.deepEqual(await scene.ids('near'), [newest, future].toSorted());
});

test('a snapshot that the journal knows for incomplete never pushes a complete one out', async (t) => {
  const scene = small(t, { last: 1 });
  const [older, complete, incomplete] = await scene.snapshots('near', 'notes', [3, 2, 1]);
  assert.ok(older !== undefined && complete !== undefined && incomplete !== undefined);
  scene.record('backup', 'notes', incomplete, false);
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), [complete, incomplete].toSorted());
});

test('a snapshot of a run that was killed before it was recorded never pushes out the one that is proven complete', async (t) => {
  const scene = small(t, { last: 1 });
  const [proven = '', unknown = ''] = await scene.snapshots('near', 'notes', [2, 1]);
  scene.record('backup', 'notes', proven, true, Date.now() - 2 * 24 * HOUR);
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), [proven, unknown].toSorted());
});

test('what was removed is no longer believed, and raises no alarm', async (t) => {
  const scene = small(t, { last: 1 });
  const [first = '', second = '', third = ''] = await scene.snapshots('near', 'notes', [3, 2, 1]);
  // Two runs at once: the one that began to read last was saved first.
  for (const [id, days] of [
    [first, 3],
    [third, 2],
    [second, 1],
  ] as const)
    scene.record('backup', 'notes', id, true, Date.now() - days * 24 * HOUR);
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), [third]);

  for (const args of [['status'], ['status', '--refresh']]) {
    const { stdout } = await scene.host.run(['--json', ...args]);
    const status = JSON.parse(stdout) as StatusReport; // its own shape
    assert.deepEqual(status.problems, [], stdout);
    assert.equal(status.services[0]?.jobs[0]?.newest?.snapshotId, third);
  }
  {
    using journal = scene.host.journal();
    const missing = journal.evidence({ service: 'notes', kind: 'missing', limit: 9 });
    assert.deepEqual(missing.map(({ snapshotId }) => snapshotId).toSorted(), [first, second].toSorted());
    assert.equal(missing[0]?.detail['how'], 'removed by retention');
  }
  await scene.host.restic('near', ['forget', third]);
  const { stdout } = await scene.host.run(['--json', 'status', '--refresh']);
  const alarm = new RegExp(`newest complete snapshot ${third.slice(0, 8)} is gone`);
  assert.match((JSON.parse(stdout) as StatusReport).problems.map(({ message }) => message).join(), alarm);
});

test('the newest verified snapshot stays, also when an older one was verified after it and when one that is gone was', async (t) => {
  const scene = small(t, { last: 1 });
  const [first, second, third, newest] = await scene.snapshots('near', 'notes', [4, 3, 2, 1]);
  assert.ok(first !== undefined && second !== undefined && third !== undefined && newest !== undefined);
  scene.record('restore', 'notes', second, true, Date.now() - 2 * HOUR);
  scene.record('restore', 'notes', first, true, Date.now() - HOUR);
  scene.record('restore', 'notes', 'f'.repeat(64), true);
  scene.record('restore', 'notes', third, false);
  const report = await scene.report(['apply']);
  const kept = decisionOf(report, 'notes').snapshots.find(({ id }) => id === second);
  assert.ok(kept?.reasons.includes('newest that was restored and compared'), JSON.stringify(kept));
  assert.deepEqual(await scene.ids('near'), [second, newest].toSorted());
});

test('a snapshot that a drill restored whole is verified, one of which it restored a part is not', async (t) => {
  const scene = small(t, { last: 1 });
  const [first = '', second = '', newest = ''] = await scene.snapshots('near', 'notes', [3, 2, 1]);
  scene.record('drill', 'notes', first, true, Date.now(), { extent: 'whole' });
  scene.record('drill', 'notes', second, true, Date.now(), { extent: 'sample' });
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), [first, newest].toSorted());
});

test('a verified snapshot that is dated in the future takes nothing from the newest verified one of today', async (t) => {
  const scene = small(t, { last: 1 });
  const [verified = '', , newest = ''] = await scene.snapshots('near', 'notes', [3, 2, 1]);
  const future = await scene.snapshot('near', 'notes', -400);
  for (const id of [verified, future]) scene.record('restore', 'notes', id, true);
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), [verified, newest, future].toSorted());
});

test('an application that could not remove everything is not remembered, so that the next one tries again', async (t) => {
  const scene = small(t);
  const all = await scene.sixDays('near');
  const [first = ''] = all;
  const clings = scene.host.script('clinging-restic', clinging(first));
  const { code, stdout } = await scene.run(['apply'], { HOLDFAST_RESTIC: clings });
  assert.equal(code, 1, stdout);
  const { reason } = stepOf(JSON.parse(stdout) as Report, 'retention:near'); // as in `report`
  assert.match(reason ?? '', new RegExp(`^1 of 3 snapshots could not be removed, first ${first.slice(0, 8)}`));
  {
    using journal = scene.host.journal();
    assert.deepEqual(journal.evidence({ service: 'notes', kind: 'retention', limit: 9 }), []);
  }
  await scene.report(['apply']);
  assert.deepEqual(await scene.ids('near'), all.slice(3).toSorted());
});

/** restic, to which the removal of that snapshot is forbidden. */
const clinging = (id: string): string => `
for word; do
  shift
  [ "$word" = ${id} ] && { clings=1; continue; }
  set -- "$@" "$word"
done
restic "$@" || exit
if [ "$clings" ]; then echo "unable to remove snapshot/${id} from the repository" >&2; exit 3; fi`;

test('with the journal gone the policy still decides, and the newest stays', async (t) => {
  const scene = small(t);
  const all = await scene.sixDays('near');
  await scene.report(['apply']);
  rmSync(scene.host.stateDir, { recursive: true });
  const report = await scene.report(['apply']);
  assert.deepEqual(toRemove(report), []);
  assert.deepEqual(await scene.ids('near'), all.slice(3).toSorted());
});

test('a dry run shows what would go, as plan does, and removes nothing', async (t) => {
  const scene = small(t);
  const all = await scene.sixDays('near');
  const report = await scene.report(['apply', '--dry-run']);
  assert.equal(report.kind, 'retention-plan');
  assert.deepEqual(toRemove(report), all.slice(0, 3).toSorted());
  assert.deepEqual(await scene.ids('near'), all.toSorted());
  const shown = await scene.host.run(['retention', 'apply', '--dry-run']);
  assert.match(shown.stdout, /would keep 3 of 6 snapshots .* and remove 3/);
});

test('each confirmation is for one service, and for one that is applied', async (t) => {
  const scene = small(t);
  scene.host.addService('mail', undefined, { retention: POLICY });
  for (const args of [
    ['--confirm', 'mail', 'notes'],
    ['notes', '--confirm', 'mail'],
  ]) {
    const { code, stdout } = await scene.run(['apply', ...args]);
    assert.equal(code, 64, stdout);
    assert.match(stdout, /retention apply mail --confirm mail/);
  }
  await scene.report(['apply', '--confirm', 'mail', '--confirm', 'notes']);
});

test('an unknown service is a usage error with the nearest name, and opens nothing', async (t) => {
  const scene = small(t);
  for (const args of [
    ['plan', 'nots'],
    ['apply', 'nots'],
    ['apply', '--confirm', 'nots'],
  ]) {
    const { code, stdout } = await scene.run(args);
    assert.equal(code, 64, stdout);
    assert.match(stdout, /notes/);
  }
  assert.deepEqual(scene.verbs(), []);
});

test('a repository that cannot be opened stops nothing elsewhere, and is told by its cause', async (t) => {
  const scene = small(t);
  scene.host.addRepository('far', { prune: { every: 'never' } });
  await scene.sixDays('near');
  rmSync(scene.host.path('far'), { recursive: true });
  const missing = await scene.report(['apply'], 1);
  assert.equal(stepOf(missing, 'retention:far').error?.code, 'repository-missing');
  assert.equal(stepOf(missing, 'prune:far').outcome, 'blocked');
  assert.equal((await scene.ids('near')).length, 3);

  scene.host.addRepository('far', { prune: { every: 'never' }, passwordFile: scene.host.write('wrong', 'no\n', 0o600) });
  const wrong = await scene.report(['apply'], 1);
  assert.equal(stepOf(wrong, 'retention:far').error?.code, 'wrong-password');
});

test('a repository whose disk is not mounted is not opened: what lies below its mount point is another one', async (t) => {
  const scene = small(t);
  await scene.sixDays('near');
  scene.host.repositories['near'] = { ...scene.host.repositories['near'], mounted: scene.host.path('near') };
  const report = await scene.report(['apply'], 2);
  assert.equal(stepOf(report, 'retention:near').error?.code, 'not-mounted');
  assert.equal((await scene.ids('near')).length, 6);
});

test('a repository that a living process has locked is busy: exit 75, and its lock stays', async (t) => {
  const scene = small(t);
  await scene.sixDays('near');
  const writing = scene.host.startRestic('near', ['backup', '--stdin-from-command', '--', 'sleep', '60']);
  t.after(() => writing.child.kill('SIGTERM'));
  await until(() => scene.host.locks('near').length > 0);
  const { code, stdout } = await scene.run(['apply', '--wait=0']);
  assert.equal(code, 75, stdout);
  const report = JSON.parse(stdout) as Report; // as above
  const { error } = stepOf(report, 'retention:near');
  assert.equal(error?.code, 'repository-locked');
  assert.match(error?.message ?? '', new RegExp(`process ${writing.child.pid} `));
  assert.equal(scene.host.locks('near').length, 1);
  assert.equal((await scene.ids('near')).length, 6);
});

test('the lock of a restic that was killed while it removed snapshots is cleared and told, and the rest is removed', async (t) => {
  const scene = small(t);
  await scene.sixDays('near');
  const dies = scene.host.script('dying-restic', DYING);
  const killed = await scene.run(['apply'], { HOLDFAST_RESTIC: dies });
  assert.equal(killed.code, 2, killed.stdout);
  assert.equal(scene.host.locks('near').length, 1);

  const report = await scene.report(['apply']);
  assert.match(stepOf(report, 'retention:near').warnings.join(), /cleared a stale lock: locked exclusively by process \d+/);
  assert.equal((await scene.ids('near')).length, 3);
  assert.deepEqual(scene.host.locks('near'), []);
  assert.deepEqual(scene.host.leftovers(), []);
});

/** restic, killed with SIGKILL as soon as its forget holds the lock. */
const DYING = `
for word in "$@"; do [ "$word" = forget ] && verb=forget; done
if [ "$verb" != forget ]; then exec restic "$@"; fi
setpriv --pdeathsig KILL restic "$@" & child=$!
while ! ls "$RESTIC_REPOSITORY/locks" | grep -qE '^[0-9a-f]{64}$'; do kill -0 $child || exit 9; done
kill -KILL $child
wait $child`;

test('prune runs when it is due, not before, and never where it is not wanted', async (t) => {
  const scene = small(t);
  scene.host.addRepository('far', { prune: { every: '7d' } });
  const first = await scene.report(['apply']);
  assert.equal(stepOf(first, 'prune:near').outcome, 'skipped');
  assert.equal(stepOf(first, 'prune:near').reason, 'prune: never');
  assert.equal(stepOf(first, 'prune:far').outcome, 'succeeded');
  assert.equal(typeof stepOf(first, 'prune:far').result?.['bytesRemoved'], 'number');
  assert.equal(scene.verbs().filter((verb) => verb === 'prune').length, 1);

  const second = await scene.report(['apply']);
  assert.match(stepOf(second, 'prune:far').reason ?? '', /^done .+ ago, due every 7d$/);
  scene.host.repositories['far'] = { ...scene.host.repositories['far'], prune: { every: '1s' } };
  await until(() => Date.now() - Date.parse(stepOf(first, 'prune:far').endedAt ?? '') > 1000);
  assert.equal(stepOf(await scene.report(['apply']), 'prune:far').outcome, 'succeeded');
});

test(
  'maintenance of a repository that belongs to somebody else leaves nothing of root in it',
  { skip: process.getuid?.() === 0 ? false : 'only root can act as somebody else' },
  async (t) => {
    const scene = small(t);
    scene.host.repositories['near'] = { ...scene.host.repositories['near'], prune: { every: '1d' } };
    await scene.sixDays('near');
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, scene.host.path('near')]);
    const report = await scene.report(['apply']);
    assert.equal(stepOf(report, 'prune:near').outcome, 'succeeded');
    const owners = listFiles(scene.host.path('near')).map((name) => lstatSync(join(scene.host.path('near'), name)).uid);
    assert.deepEqual([...new Set(owners)], [NOBODY]);
    assert.equal((await scene.ids('near')).length, 3);
  },
);

test(
  "a living process of root keeps its lock in somebody else's repository",
  { skip: process.getuid?.() === 0 ? false : 'only root can act as somebody else' },
  async (t) => {
    const scene = small(t);
    await scene.sixDays('near');
    const writing = scene.host.startRestic('near', ['backup', '--stdin-from-command', '--', 'sleep', '60']);
    t.after(() => writing.child.kill('SIGTERM'));
    await until(() => scene.host.locks('near').length > 0);
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, scene.host.path('near')]);
    assert.equal((await scene.run(['apply', '--wait=0'])).code, 75);
    assert.equal(scene.host.locks('near').length, 1);
  },
);

test(
  "files of root in somebody else's repository are told with the way to give them back",
  { skip: process.getuid?.() === 0 ? false : 'only root can act as somebody else' },
  async (t) => {
    const scene = small(t);
    await scene.sixDays('near');
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, scene.host.path('near')]);
    await scene.snapshot('near', 'notes', 0);
    const { error } = stepOf(await scene.report(['apply'], 2), 'retention:near');
    assert.equal(error?.code, 'permission-denied', JSON.stringify(error));
    assert.match(error.hint ?? '', new RegExp(`chown -R ${NOBODY}:${NOBODY} ${scene.host.path('near')}`));
    assert.equal((await scene.ids('near')).length, 7);
  },
);

test('the screen shows each snapshot with keep or remove and why, and for apply what went', async (t) => {
  const scene = small(t);
  const all = await scene.sixDays('near');
  const planned = await scene.host.run(['retention', 'plan']);
  assert.equal(planned.code, 0, planned.stderr);
  assert.match(planned.stdout, /notes@near: would keep 3 of 6 snapshots .* and remove 3/);
  for (const [index, id] of all.entries())
    assert.match(planned.stdout, new RegExp(`${id.slice(0, 8)} .* ${index < 3 ? 'remove  no rule keeps it' : 'keep +'}`));
  const dies = { env: { HOLDFAST_RESTIC: scene.host.script('dying-restic', DYING) } };
  const failed = await scene.host.run(['retention', 'apply'], dies);
  assert.equal(failed.code, 2, failed.stdout);
  assert.match(failed.stdout, /notes@near: would keep 3 of 6 snapshots .* and remove 3/);
  assert.doesNotMatch(failed.stdout, /removed/);
  const applied = await scene.host.run(['retention', 'apply']);
  assert.match(applied.stdout, /notes@near: keeps 3 of 6 snapshots .*, removed 3/);
  const again = await scene.host.run(['retention', 'apply']);
  assert.doesNotMatch(again.stdout, /notes@near/);
});

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it never happened');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
