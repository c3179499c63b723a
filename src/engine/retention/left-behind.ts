// Snapshots that retention does not reach, and that nobody may know to be kept for ever: of services that are no longer declared,
// and of this host under a former name. It only tells.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { serviceOfTags } from '../../domain/naming.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';

/** Of this host's snapshots: those whose service is no longer declared, or goes elsewhere now. One sentence for each service. */
export function undeclared(
  repository: RepositoryConfig,
  snapshots: readonly Snapshot[],
  config: Pick<Configuration, 'services'>,
): string[] {
  const services = snapshots.flatMap(({ tags }) => serviceOfTags(tags) ?? []);
  return [...new Set(services)].flatMap((service) => {
    const declared = config.services.get(service);
    if (declared?.backup?.repositories.includes(repository.name)) return [];
    const count = services.filter((each) => each === service).length;
    const what = declared ? `${service} is no longer backed up to ${repository.name}` : `${service} is no longer declared`;
    return [`${what}: its ${count === 1 ? 'snapshot is' : `${count} snapshots are`} kept for ever`];
  });
}

/**
 * Hosts that look like former names of `host`: they made snapshots of a service and of just the paths that this one makes now,
 * and none since it began. Another host that is alive adds to its own, and is not told.
 */
export function formerNames(host: string, services: readonly string[], snapshots: readonly Snapshot[]): string[] {
  return services.flatMap((service) => {
    const byHost = Map.groupBy(
      snapshots.filter(({ tags }) => serviceOfTags(tags) === service),
      (snapshot) => snapshot.host,
    );
    const mine = (byHost.get(host) ?? []).toSorted((a, b) => a.time - b.time);
    const [oldest, newest] = [mine[0], mine.at(-1)];
    if (!oldest || !newest) return [];
    return [...byHost].flatMap(([other, theirs]) => {
      const former = theirs.every((each) => each.time < oldest.time) && theirs.some((each) => samePaths(each, newest));
      if (other === host || !former) return [];
      const count = theirs.length === 1 ? 'an older snapshot' : `${theirs.length} older snapshots`;
      return [`${service}: ${count} under the host name ${other} stay for ever: was this host renamed?`];
    });
  });
}

const samePaths = (one: Snapshot, other: Snapshot): boolean =>
  one.paths.length === other.paths.length && one.paths.every((path) => other.paths.includes(path));
