// `list`: the hosts that there are, whose they are, and whether they run.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { renderTable } from '../../src/cli/table.ts';
import { describeDuration } from '../../src/domain/duration.ts';
import { elapsed, parseInstant } from '../../src/domain/instant.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openCache } from '../cache.ts';
import { type KnownHost, knownHosts } from './inventory.ts';
import { output, say } from './output.ts';

const COLUMNS = [
  { title: 'HOST' },
  { title: 'KIND' },
  { title: 'STATE' },
  { title: 'AGE' },
  { title: 'ADDRESS' },
  { title: 'STARTED BY' },
];

export function list(): void {
  const hosts = knownHosts(openCache());
  if (hosts.length === 0) say('There is no host. `npm run lab -- up NAME` boots one.');
  else output.write(renderTable(COLUMNS, hosts.map(rowOf), output.columns));
}

function rowOf({ name, kind, state, madeAt, address, kept, owner }: KnownHost): string[] {
  const made = parseInstant(madeAt);
  const age = made === null ? '' : describeDuration(elapsed(made, systemClock.now()));
  return [name, kind, state, age, address ?? '-', kept ? 'up' : `${scriptOf(owner.pid)}, process ${owner.pid}`];
}

/** The TypeScript that it runs, as seen from here. */
function scriptOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const script = words.findLast((word) => word.endsWith('.ts'));
  return script === undefined ? (words[0] ?? '') : relative(process.cwd(), script);
}
