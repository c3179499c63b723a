// The hosts of all living processes on this machine: those that `up` keeps, and those of tests that run.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../src/lib/errors.ts';
import type { ProcessIdentity } from '../../src/process/identity.ts';
import type { Cache } from '../cache.ts';
import { type HostRecord, readHostRecord } from '../host-record.ts';
import { liveRuns } from '../run-directory.ts';
import { readClaim } from './claim.ts';
import { groupProcesses } from './group-processes.ts';

export interface KnownHost extends HostRecord {
  readonly runId: string;
  /** Whose host it is. */
  readonly owner: ProcessIdentity;
  /** All hosts of its keeper, which end together; null when it is a test's. */
  readonly kept: readonly string[] | null;
  readonly state: 'starting' | 'up' | 'off';
  /** Of a container that is up. */
  readonly leader: number | null;
}

export function knownHosts(cache: Cache): KnownHost[] {
  const processes = groupProcesses();
  return [...liveRuns(cache)].flatMap(([runId, owner]) => {
    const run = join(cache.runs, runId);
    const claim = readClaim(run);
    const names = new Set([...(claim?.names ?? []), ...directories(join(run, 'hosts'))]);
    return [...names].flatMap((name) => {
      const record = readHostRecord(join(run, 'hosts', name)) ?? (claim && notYetMade(name, claim));
      if (!record) return [];
      const running = processes.get(`${runId}/${name}`);
      const state = !record.booted ? 'starting' : running ? 'up' : 'off';
      return [{ ...record, runId, owner, state, kept: claim?.names ?? null, leader: running?.leader ?? null }];
    });
  });
}

/** Its image may have to be made before. */
const notYetMade = (name: string, { kind, at }: { kind: HostRecord['kind']; at: string }): HostRecord => ({
  name,
  kind,
  madeAt: at,
  booted: false,
  address: null,
  agent: null,
  console: null,
});

function directories(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no host yet, or no run any more
  }
}

/**
 * The host of that name: one that is kept before those of tests; `NAME@PID` is the one of that process. Throws `failed` with
 * the names that there are.
 */
export function findHost(given: string, operation: string, cache: Cache): KnownHost {
  const [name, pid] = given.split('@');
  const hosts = knownHosts(cache);
  const found = hosts.filter((host) => host.name === name && (pid === undefined || String(host.owner.pid) === pid));
  const host = found.find(({ kept }) => kept) ?? found[0];
  if (!host) throw unknownHost(given, operation, hosts);
  if (host.kept || found.length === 1) return host;
  throw new HoldfastError({
    code: 'failed',
    operation,
    subject: given,
    message: `${found.length} running tests have a host of this name`,
    hint: `Say which one: ${found.map(({ owner }) => `${name}@${owner.pid}`).join(', ')}; \`npm run lab -- list\` shows them.`,
  });
}

function unknownHost(name: string, operation: string, hosts: readonly KnownHost[]): HoldfastError {
  const names = [...new Set(hosts.map((host) => host.name))].toSorted();
  return new HoldfastError({
    code: 'failed',
    operation,
    subject: name,
    message: `there is no host of this name; ${names.length === 0 ? 'there is none at all' : `there are ${names.join(', ')}`}`,
    hint: `\`npm run lab -- up ${name.split('@')[0]}\` makes one.`,
  });
}
