// Records what a real systemd says of units that run, for the tests that judge it:
//   node scripts/record-systemd-fixtures.ts /run/systemd/private
// on a host that has the units of test/lab/support/sample-units.ts and is used for nothing else. Writes
// test/tools/systemd/fixtures/<version>/<unit>.jsonl: the unit before, every word of systemd in its order with the answer to the
// order among them, and the unit afterwards.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Signal, SYSTEMD } from '../src/tools/systemd/bus.ts';
import { enqueue, loadUnit, newsOf, unitProperties } from '../src/tools/systemd/calls.ts';
import { openBus } from '../src/tools/systemd/open-bus.ts';
import type { Properties } from '../src/tools/systemd/unit-state.ts';
import { encode } from '../test/tools/systemd/encoding.ts';

/** What is done about the unit, and when, in milliseconds after it was started. */
const UNITS: Readonly<Record<string, { readonly stopAfter?: number }>> = {
  'well.service': {},
  'simple.service': {},
  'three.service': {},
  'killed.service': {},
  'slow.service': {},
  'before.service': {},
  'remains.service': {},
  'condition.service': {},
  'timed.service': {},
  'exec-condition.service': {},
  'assert.service': {},
  'needs.service': {},
  'third-time.service': {},
  'third-oneshot.service': {},
  'gives-up.service': {},
  'much-later.service': { stopAfter: 300 },
  'stopped.service': { stopAfter: 300 },
  'polite.service': { stopAfter: 300 },
};

/** What Holdfast reads of the 450 that a service has. */
const READ = new Set(
  `Id LoadState LoadError ActiveState SubState Job InvocationID ConditionResult TriggeredBy Requires Requisite BindsTo Conditions
   Asserts Type RemainAfterExit Result NRestarts ExecMainCode ExecMainStatus ExecMainStartTimestamp ExecMainExitTimestamp
   ExecCondition ExecStartPre ExecStart ExecStartPost ExecStop ExecStopPost`.split(/\s+/),
);
const read = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => READ.has(name)));

/** Nothing more is said of any of them then. */
const QUIET = 3000; // milliseconds

const socket = process.argv[2];
if (socket === undefined) throw new Error('usage: node scripts/record-systemd-fixtures.ts SOCKET');
await using bus = await openBus({ systemd: socket, bus: socket }, new AbortController().signal);

const version = await bus.call({
  operation: 'ask',
  subject: 'systemd',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.DBus.Properties',
  member: 'Get',
  signature: 'ss',
  body: [`${SYSTEMD}.Manager`, 'Version'],
  read: (answer) => /^\d+/.exec(String(answer))?.[0] ?? 'unknown',
});
const target = join(import.meta.dirname, '../test/tools/systemd/fixtures', version);
mkdirSync(target, { recursive: true });

for (const [unit, { stopAfter }] of Object.entries(UNITS)) {
  const path = await bus.call(loadUnit(unit));
  const lines: unknown[] = [];
  lines.push({ before: read(await bus.call(unitProperties(unit, path))) });
  bus.listener = (signal: Signal) => {
    const news = newsOf(signal);
    if (news?.kind === 'job-ended' && news.unit === unit) lines.push({ signal });
    if (news?.kind !== 'changed' || news.path !== path) return;
    const [of, , ...rest] = signal.body;
    lines.push({ signal: { ...signal, body: [of, read(news.properties), ...rest] } });
  };
  const start = enqueue('start', unit);
  await bus.call({ ...start, read: (answer) => lines.push({ job: start.read(answer) }) });
  if (stopAfter !== undefined) {
    await delay(stopAfter);
    await bus.call(enqueue('stop', unit));
  }
  await delay(QUIET);
  bus.listener = null;
  lines.push({ after: read(await bus.call(unitProperties(unit, path))) });
  writeFileSync(join(target, `${unit}.jsonl`), lines.map((line) => `${encode(line)}\n`).join(''));
  console.log(`${version}: ${unit}`);
}
