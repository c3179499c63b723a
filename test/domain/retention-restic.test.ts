// The keep rules against `restic forget --dry-run` itself: one repository, groups of its snapshots under different host names,
// so that each call of restic compares every group with one policy.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { RetentionPolicy } from '../../src/domain/retention-policy.ts';
import { applyPolicy, type RetentionSnapshot } from '../../src/domain/retention.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { policies } from './support/snapshots.ts';

const SEED = 20_240_229;
const POLICIES = 30;
/** Sets of snapshots beside the set of all. */
const GROUPS = 6;

/** The time on the wall and the minutes of its offset from UTC. */
const TIMES: readonly (readonly [wall: string, offset: number])[] = [
  ['2020-12-31 23:10:00', 0], // the oldest shares its hour with the next, so that it stays only as the oldest
  ['2020-12-31 23:30:00', 0], // the last day of a year with an ISO week 53 ...
  ['2021-01-01 00:30:00', 0], // ... the same week, the next year ...
  ['2021-01-03 23:59:59', 0],
  ['2021-01-04 00:00:00', 0], // ... and the Monday after
  ['2021-01-04 00:30:00', 60], // earlier than the one before, in another zone
  ['2022-06-15 12:00:00', 0], // the very same time twice
  ['2022-06-15 12:00:00', 0],
  ['2022-06-15 12:20:00', 0],
  ['2023-10-29 01:30:00', 120], // summer time ends: the hour from two to three comes twice
  ['2023-10-29 02:30:00', 120],
  ['2023-10-29 02:30:00', 60],
  ['2023-10-29 03:30:00', 60],
  ['2023-12-31 23:00:00', -720], // New Year travels round the world
  ['2024-01-01 12:00:00', 840],
  ['2024-01-01 11:00:00', 0], // 2023-12-31 23:00 in the west, at the same time
  ['2024-02-28 17:00:00', -600], // the same time in three zones and on two days
  ['2024-02-29 03:00:00', 0],
  ['2024-02-29 08:45:00', 345],
  ['2024-02-29 23:30:00', 0],
  ['2024-03-01 00:15:00', 0],
  ['2024-03-31 01:59:00', 60], // summer time begins
  ['2024-03-31 03:01:00', 120],
  ['2024-03-31 03:40:00', 120],
  ['2024-12-29 10:00:00', 0], // a Sunday in week 52
  ['2024-12-30 10:00:00', 0], // a Monday in week 1 of the next year
  ['2024-12-30 10:30:00', 0],
  ['2024-12-31 10:00:00', 0],
  ['2025-01-01 10:00:00', 0],
];

let dir = '';
const groups = new Map<string, RetentionSnapshot[]>();

interface ResticSnapshot {
  readonly id: string;
  readonly time: string;
  readonly tags?: readonly string[] | null;
  readonly hostname: string;
}
interface ResticGroup {
  readonly host: string;
  readonly keep: readonly ResticSnapshot[] | null;
  readonly remove: readonly ResticSnapshot[] | null;
  readonly reasons: readonly { readonly snapshot: ResticSnapshot; readonly matches: readonly string[] }[] | null;
}

async function restic(args: readonly string[], zone = 'UTC'): Promise<string> {
  const result = await runProcess(
    {
      argv: ['restic', ...args],
      operation: 'run',
      subject: `restic ${args[0] ?? ''}`,
      cwd: dir,
      env: {
        TZ: zone,
        RESTIC_REPOSITORY: path.join(dir, 'repository'),
        RESTIC_PASSWORD_FILE: path.join(dir, 'password'),
        RESTIC_CACHE_DIR: path.join(dir, 'cache'),
      },
    },
    { signal: AbortSignal.timeout(120_000) },
  );
  assert.equal(result.exitCode, 0, result.stderrTail.join('\n'));
  return result.stdout;
}

/** A time zone file with one fixed offset, so that the test does not depend on the zones installed. */
async function zoneFile(offsetMinutes: number): Promise<string> {
  const data = Buffer.alloc(44 + 6 + 4);
  data.write('TZif', 0);
  data.writeInt32BE(1, 36); // one type of local time
  data.writeInt32BE(4, 40); // four characters of names
  data.writeInt32BE(offsetMinutes * 60, 44);
  data.write('LAB', 50);
  const file = path.join(dir, `zone${offsetMinutes}`);
  await writeFile(file, data);
  return file;
}

before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-retention-'));
  await writeFile(path.join(dir, 'password'), 'test\n');
  await writeFile(path.join(dir, 'file'), 'content\n');
  await restic(['init', '--quiet']);
  const tagsOf = (index: number): string[] =>
    index % 5 === 0 ? ['--tag', 'red'] : index % 7 === 0 ? ['--tag', 'blue,red'] : [];
  const jobs = TIMES.map(([wall, offset], index) => async () => {
    await restic(['backup', '--quiet', '--host', 'all', '--time', wall, ...tagsOf(index), 'file'], await zoneFile(offset));
  });
  // Two made now: their times have nanoseconds.
  jobs.push(async () => void (await restic(['backup', '--quiet', '--host', 'all', 'file'], await zoneFile(345))));
  jobs.push(async () => void (await restic(['backup', '--quiet', '--host', 'all', 'file'])));
  const worker = async (): Promise<void> => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await job();
  };
  await Promise.all([worker(), worker()]);

  const all = (await listSnapshots()).toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)).map(({ id }) => id);
  const subsets = fc.sample(fc.subarray(all, { minLength: 1, maxLength: all.length - 4 }), {
    seed: SEED,
    numRuns: GROUPS - 1,
  });
  subsets.push([...all.slice(0, 2), ...all.slice(-2)]); // so few that counts are left at the oldest
  for (const [index, subset] of subsets.entries())
    await restic(['rewrite', '--quiet', '--new-host', `group${index}`, ...subset]);
  for (const { id, time, tags, hostname } of await listSnapshots()) {
    const known = groups.get(hostname) ?? [];
    known.push({
      id,
      time: Date.parse(time) as Instant,
      timeText: time,
      tags: tags ?? [],
      paths: [],
      complete: true,
      bytes: null,
    });
    groups.set(hostname, known);
  }
});

after(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function listSnapshots(): Promise<ResticSnapshot[]> {
  // The shape is restic's own, and each use below fails loudly when it is another one.
  const list = JSON.parse(await restic(['snapshots', '--json', '--no-lock'])) as ResticSnapshot[];
  return list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function keepOptions(rules: RetentionPolicy): string[] {
  const counts = (['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const).flatMap((name) =>
    rules[name] > 0 ? [`--keep-${name}`, String(rules[name])] : [],
  );
  const hours = rules.within === null ? 0 : rules.within / duration(1, 'h');
  const within = hours > 0 ? ['--keep-within', `${Math.floor(hours / 24)}d${hours % 24}h`] : [];
  return [...counts, ...within, ...rules.tags.flatMap((tag) => ['--keep-tag', tag])];
}

/** What is kept and why, as comparable text; how a rule is written differs, which rule it is does not. */
const summary = (kept: readonly { readonly id: string; readonly reasons: readonly string[] }[]): string =>
  kept
    .map(
      ({ id, reasons }) =>
        `${id.slice(0, 8)} ${reasons.map((reason) => reason.replace(/^within .*/, 'within').replace(/^has tags? \[?(\w+)\]?/, 'tag $1')).join(', ')}`,
    )
    .toSorted()
    .join('\n');

/** Every order of those that have the very same time: restic reads snapshots in parallel and leaves that order to chance. */
function ordersOfEqualTimes(snapshots: readonly RetentionSnapshot[]): RetentionSnapshot[][] {
  const [first] = snapshots;
  if (!first) return [[]];
  const same = snapshots.filter(({ time }) => time === first.time);
  const rest = ordersOfEqualTimes(snapshots.filter(({ time }) => time !== first.time));
  return permutations(same).flatMap((order) => rest.map((others) => [...order, ...others]));
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((others) => [item, ...others]));
}

test('the keep rules keep exactly what restic forget keeps, for the same reasons', async () => {
  assert.equal(groups.size, GROUPS + 1);
  assert.equal(groups.get('all')?.length, TIMES.length + 2);
  const offsets = new Set([...groups.values()].flat().map(({ timeText }) => timeText.replace(/^.*\d(?=Z|[+-]\d\d:)/, '')));
  assert.ok(offsets.has('+05:45') && offsets.has('-12:00') && offsets.has('Z'), `offsets: ${[...offsets].join(' ')}`);

  const seen = new Set<string>();
  for (const rules of fc.sample(policies, { seed: SEED, numRuns: POLICIES })) {
    const options = keepOptions(rules);
    const answer = JSON.parse(
      await restic(['forget', '--dry-run', '--no-lock', '--json', '--group-by', 'host', ...options]),
    ) as ResticGroup[];
    assert.deepEqual(answer.map(({ host }) => host).toSorted(), [...groups.keys()].toSorted());
    for (const { host, keep, remove, reasons } of answer) {
      const snapshots = groups.get(host) ?? [];
      for (const match of (reasons ?? []).flatMap(({ matches }) => matches))
        seen.add(match.replace(/^(within|has tags) .*/, '$1'));
      assert.equal((keep ?? []).length + (remove ?? []).length, snapshots.length);
      const theirs = summary((reasons ?? []).map(({ snapshot, matches }) => ({ id: snapshot.id, reasons: matches })));
      const ours = ordersOfEqualTimes(snapshots).map((order) =>
        summary(
          applyPolicy(order, rules)
            .filter((result) => result.keep)
            .map((result) => ({ id: result.snapshot.id, reasons: result.reasons })),
        ),
      );
      if (!ours.includes(theirs)) assert.equal(ours[0], theirs, `${host} with ${options.join(' ')}`);
    }
  }
  const spans = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'].flatMap((span) => [
    `${span} snapshot`,
    `oldest ${span} snapshot`,
  ]);
  for (const reason of ['last snapshot', ...spans, 'within', 'has tags'])
    assert.ok(seen.has(reason), `no policy met the case "${reason}"`);
});
