// systemd itself is asked about thousands of expressions: what it takes, how it writes them, and when they come.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextElapse, parseCalendar } from '../../src/domain/calendar.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { expressions, instants, ZONES } from './support/calendar-expressions.ts';

const SEED = 20_251_026;
const BATCHES = 50;
const EXPRESSIONS_A_BATCH = 40;
const ITERATIONS = 6;

interface Batch {
  readonly zone: string;
  readonly base: number;
  readonly texts: readonly string[];
}

interface Told {
  readonly normalized: string;
  /** Seconds since the epoch. */
  readonly elapses: readonly number[];
}

/** systemd gives up where a step leads past the end of a month and clocks change at that time: a bug that is not followed. */
type Answer = Told | 'refused' | 'gave up';

const batches = fc.record({
  zone: fc.constantFrom(...ZONES),
  base: instants,
  texts: fc.array(expressions, { minLength: EXPRESSIONS_A_BATCH, maxLength: EXPRESSIONS_A_BATCH }),
});

const SPRING_IN_DUBLIN = Date.parse('2026-03-29T00:00:00Z');
/** Where the manual does not tell what happens: each of these was once a difference. */
const CORNERS: readonly Batch[] = [
  {
    zone: 'Europe/Dublin',
    base: SPRING_IN_DUBLIN,
    texts: ['*:0', '*:1', '*:0/20', '01:30', '01/5:00', 'daily', '*-*~24/7', 'Sun *-03~1..3/13 9/6,01:*:54'],
  },
  { zone: 'Europe/Dublin', base: SPRING_IN_DUBLIN + 3_599_000, texts: ['*:0', '01/5:00', 'Tue-Sun *-*-* 1/5:*:57'] },
  { zone: 'America/Santiago', base: Date.parse('2025-03-29T21:27:09Z'), texts: ['*-*-01/12', '*-*~27/9', '*-*-31'] },
  { zone: 'Australia/Lord_Howe', base: Date.parse('2026-09-06T02:52:52Z'), texts: ['*-9-12/12', '*:15', '1/1:45', 'daily'] },
  { zone: 'Pacific/Apia', base: Date.parse('2011-12-29T09:59:59Z'), texts: ['daily', '*:0/30', '*-12-30 12:00', 'Fri'] },
  { zone: 'Europe/Berlin', base: Date.parse('2026-10-25T00:30:00Z'), texts: ['*:0/10', '02:30', '02:45', '*-10~7 02:50'] },
  {
    zone: 'UTC',
    base: Date.parse('2023-12-31T23:51:00Z'),
    texts: [
      '*:0/25',
      '*:*:0/25',
      '0/7:0',
      '*-*-1/10',
      '2024/50-1-1',
      '*:*:00/1,29..58',
      '*:57:5..5',
      '*:5..5',
      '*:57:5..5/2',
    ],
  },
  {
    zone: 'UTC',
    base: 0,
    texts: ['08-4..6~04,9..10,27,07', '*~*', 'Mon,', 'Mon, ', 'daily ', '@0', '@1', 'Tue @28 UTC', 'UTC'],
  },
  { zone: 'UTC', base: 0, texts: [`*:${'1,'.repeat(240)}2`, `*:${'1,'.repeat(241)}2`, '*:*:59.9999995', '99999999999-1-1'] },
];

test('in the corners that were found the answers are those of systemd', async () => {
  for (const corner of CORNERS) assert.deepEqual((await compare(corner)).differences, []);
});

test('two thousand expressions are taken or refused, written and reckoned with as by systemd', async () => {
  const differences: string[] = [];
  let [taken, elapses] = [0, 0];
  for (const batch of fc.sample(batches, { numRuns: BATCHES, seed: SEED })) {
    const compared = await compare(batch);
    differences.push(...compared.differences);
    taken += compared.taken;
    elapses += compared.elapses;
  }
  assert.equal(
    differences.length,
    0,
    `seed ${SEED}: ${differences.length} differences\n${differences.slice(0, 12).join('\n')}`,
  );
  // the expressions are worth asking about
  assert.ok(taken > 1000 && taken < 1900, `${taken} of 2000 were taken`);
  assert.ok(elapses > 4000, `${elapses} elapses were compared`);
});

async function compare(batch: Batch): Promise<{ differences: string[]; taken: number; elapses: number }> {
  const told = await askSystemd(batch);
  const differences: string[] = [];
  let [taken, elapses] = [0, 0];
  for (const text of batch.texts) {
    const theirs = told.get(text) ?? 'refused';
    const ours = askOurs(text, batch);
    const same = theirs === 'gave up' ? ours !== 'refused' : JSON.stringify(ours) === JSON.stringify(theirs);
    if (!same) differences.push(describe(text, batch, theirs, ours));
    if (typeof theirs === 'string') continue;
    taken += 1;
    elapses += theirs.elapses.length;
  }
  return { differences, taken, elapses };
}

function askOurs(text: string, { zone, base }: Batch): Answer {
  const calendar = parseCalendar(text);
  if (calendar === null) return 'refused';
  const elapses: number[] = [];
  let at: Instant | null = base as Instant;
  for (let round = 0; round < ITERATIONS; round += 1) {
    at = nextElapse(calendar, at, zone);
    if (at === null) break;
    elapses.push(Math.floor(at / 1000));
  }
  return { normalized: calendar.normalized, elapses };
}

async function askSystemd({ zone, base, texts }: Batch): Promise<ReadonlyMap<string, Answer>> {
  const { stdout, stderr } = await analyze(zone, [
    'calendar',
    `--iterations=${ITERATIONS}`,
    `--base-time=${new Date(base).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    '--',
    ...texts,
  ]);
  const blocks = stdout.split(/^(?= *Original form:| *Normalized form:)/m).flatMap((block) => {
    const normalized = /Normalized form: (.*)/.exec(block)?.[1];
    return normalized === undefined ? [] : [{ normalized, elapses: elapsesOf(block) }];
  });
  const complaints = [...stderr.matchAll(/^Failed to (parse|determine) .* '(.*)': /gm)].map(([, what, text]) => ({
    what,
    text,
  }));
  const answers = texts.map((text): [string, Answer] => {
    if (complaints[0]?.text === text) return [text, complaints.shift()?.what === 'parse' ? 'refused' : 'gave up'];
    const told = blocks.shift();
    assert.ok(told, `systemd-analyze says nothing of '${text}': ${stderr}`);
    return [text, told];
  });
  assert.deepEqual([complaints, blocks], [[], []], `for ${JSON.stringify(texts)} in ${zone}: ${stderr}`);
  return new Map(answers);
}

/** A time is told in the local zone, and after that in UTC where that is another. */
const elapsesOf = (block: string): number[] =>
  [...block.matchAll(/^ *(?:Next elapse|Iter\. #\d+|Iteration #\d+): .*\n(?: *\(in UTC\): .*\n)?/gm)].flatMap(([lines]) => {
    const utc = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/.exec(lines);
    return utc ? [Date.parse(`${utc[1]}T${utc[2]}Z`) / 1000] : [];
  });

const analyze = (zone: string, argv: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const environment = { PATH: process.env['PATH'], TZ: zone, LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
    execFile('systemd-analyze', argv, { env: environment, encoding: 'utf8' }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });

const describe = (text: string, { zone, base }: Batch, theirs: Answer, ours: Answer): string =>
  `'${text}' in ${zone} after ${new Date(base).toISOString()}\n  systemd: ${show(theirs)}\n  here:    ${show(ours)}`;

const show = (told: Answer): string =>
  typeof told === 'string'
    ? told
    : `${told.normalized}: ${told.elapses.map((at) => new Date(at * 1000).toISOString().slice(0, 19)).join(' ')}`;
