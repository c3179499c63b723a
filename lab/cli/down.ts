// `down`: ends keepers, and with them their hosts; resolves when nothing of them is left.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '../../src/lib/errors.ts';
import { mayBeAlive, selfIdentity } from '../../src/process/identity.ts';
import { type Cache, openCache } from '../cache.ts';
import { reap } from '../run-directory.ts';
import { findHost, type KnownHost, knownHosts } from './inventory.ts';
import { say } from './output.ts';

const LONGEST_END = 60_000; // milliseconds
const PAUSE = 20; // milliseconds

export async function down(
  names: readonly string[],
  { all = false }: { readonly all?: boolean | undefined },
): Promise<void> {
  const cache = openCache();
  if (names.length === 0 && !all) throw noName();
  const hosts = all ? knownHosts(cache).filter(({ kept }) => kept) : names.map((name) => findHost(name, 'end', cache));
  for (const host of hosts) assertEndable(host, all ? (host.kept ?? []) : names);
  const keepers = new Map(hosts.map((host) => [host.runId, host]));
  await Promise.all([...keepers.values()].map((host) => end(host, cache)));
  if (keepers.size === 0) say('There is no host that `up` has started.');
}

const noName = (): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'end',
    subject: 'hosts',
    message: 'which host shall end?',
    hint: '`npm run lab -- down NAME...`, or --all for all that `up` has started.',
  });

function assertEndable({ name, kept, owner }: KnownHost, named: readonly string[]): void {
  const refused = (message: string, hint: string): HoldfastError =>
    new HoldfastError({ code: 'refused', operation: 'end', subject: name, message, hint });
  if (!kept) throw refused(`it belongs to a running test, process ${owner.pid}`, 'It ends with that process.');
  if (kept.some((other) => !named.includes(other)))
    throw refused(`a network joins ${kept.join(', ')}: they end together`, `\`npm run lab -- down ${kept.join(' ')}\``);
  if (owner.pidNamespace !== selfIdentity().pidNamespace)
    throw refused(`process ${owner.pid} in another pid namespace keeps it`, 'Run this where you ran `up`.');
}

async function end({ runId, owner, kept }: KnownHost, cache: Cache): Promise<void> {
  const names = (kept ?? []).join(', ');
  if (mayBeAlive(owner)) process.kill(owner.pid, 'SIGTERM');
  const deadline = performance.now() + LONGEST_END;
  while (mayBeAlive(owner)) {
    if (performance.now() > deadline) throw stillThere(names, owner.pid);
    await delay(PAUSE);
  }
  if (existsSync(join(cache.runs, runId))) await reap(cache); // it could not do it itself
  say(`${names}: gone`);
}

const stillThere = (names: string, pid: number): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation: 'end',
    subject: names,
    message: `its keeper, process ${pid}, is still there after ${LONGEST_END / 1000} s`,
    hint: `\`kill -KILL ${pid}\` ends it, and \`npm run lab -- prune\` takes away what it leaves.`,
  });
