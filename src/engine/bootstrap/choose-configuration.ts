// Whose configuration is meant, and which one of it: the newest. Pure.

import { duration } from '../../domain/duration.ts';
import { type Instant, later } from '../../domain/instant.ts';
import { configurationTag, serviceOfTags } from '../../domain/naming.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';

export interface ConfigurationWish {
  /** For errors. */
  readonly repository: string;
  /** --host; undefined: this machine's own when there is one, or the only one. */
  readonly host?: string | undefined;
  readonly thisHost: string;
  readonly now: Instant;
}

/** Clocks of two machines differ by a little. */
const FUTURE = duration(5, 'm');

/** Throws `snapshot-missing` when there is none, `usage` when it is not clear whose is meant. */
export function chooseConfiguration(snapshots: readonly Snapshot[], wish: ConfigurationWish): Snapshot {
  const kept = snapshots.filter(({ tags }) => tags.includes(configurationTag));
  const hosts = [...new Set(kept.map(({ host }) => host))].toSorted();
  if (hosts.length === 0) throw noneAtAll(snapshots, wish);
  const host = wish.host ?? (hosts.includes(wish.thisHost) ? wish.thisHost : hosts.length === 1 ? hosts[0] : undefined);
  if (host === undefined) throw whose(hosts, wish);
  const own = kept.filter((snapshot) => snapshot.host === host).toSorted((a, b) => b.time - a.time);
  const newest = own.find(({ time }) => time <= later(wish.now, FUTURE)) ?? own[0];
  if (newest) return newest;
  throw new HoldfastError({
    code: 'snapshot-missing',
    operation: 'find the configuration of',
    subject: host,
    message: `${wish.repository} answered, and holds no configuration of ${host}`,
    hint: `It holds those of: ${hosts.map((each) => `--host ${each}`).join(', ')}`,
  });
}

const whose = (hosts: readonly string[], { repository, thisHost }: ConfigurationWish): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'find the configuration in',
    subject: repository,
    message: `it holds the configurations of ${hosts.length} hosts, and none of ${thisHost}: which one shall this machine become?`,
    hint: `Say so: ${hosts.map((each) => `--host ${each}`).join(', or ')}`,
  });

/** Made by an older version, or by something else: what it does hold is the way on. */
function noneAtAll(snapshots: readonly Snapshot[], { repository }: ConfigurationWish): HoldfastError {
  const jobs = new Map<string, number>();
  for (const { host, tags, paths } of snapshots) {
    const job = `${serviceOfTags(tags) ?? paths.join(' ')} on ${host}`;
    jobs.set(job, (jobs.get(job) ?? 0) + 1);
  }
  const held = [...jobs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([job, count]) => `${job} (${count})`);
  const what =
    held.length === 0
      ? 'It holds no snapshots at all: is this the right one?'
      : `It holds snapshots of ${held.slice(0, 12).join(', ')}${held.length > 12 ? ` and ${held.length - 12} more` : ''}. Write a configuration anew (docs/guide/first-backup.md), or restore without one: holdfast restore --host HOST --service SERVICE --to DIR`;
  return new HoldfastError({
    code: 'snapshot-missing',
    operation: 'find the configuration in',
    subject: repository,
    message: `${repository} answered, and no configuration was kept in it`,
    hint: what,
  });
}
