// Snapshots that `restic copy` (or whoever) brought from one repository into another: the very same files as one that is known
// to be complete, so that they count. Recognised by what the repositories answered; nothing is believed of names.

import type { RepositoryConfig } from '../../config/configuration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { serviceOfTags, stepId } from '../../domain/naming.ts';
import type { Step } from '../../domain/plan.ts';
import { placeOf } from '../../repositories/place.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import type { Toolbox } from '../toolbox.ts';
import { countingFacts } from './believed-copy.ts';

/** What one repository holds, and of which of it is known that it is complete. */
export interface Held {
  readonly repository: RepositoryConfig;
  readonly snapshots: readonly Snapshot[];
  /** Ids. */
  readonly complete: ReadonlySet<string>;
}

/** A tree's id is made of the content of everything below it: equal ids are equal files. */
export function copiesAmong(all: readonly Held[], services: ReadonlySet<string>): Evidence[] {
  const originals = new Map(
    all.flatMap(({ repository, snapshots, complete }) =>
      snapshots.filter(({ id }) => complete.has(id)).map((each) => [identityOf(each), { repository, snapshot: each }]),
    ),
  );
  return all.flatMap(({ repository, snapshots, complete }) =>
    snapshots.flatMap((snapshot): Evidence[] => {
      const service = serviceOfTags(snapshot.tags);
      const original = originals.get(identityOf(snapshot));
      if (service === null || !services.has(service) || complete.has(snapshot.id)) return [];
      if (original === undefined || original.repository.name === repository.name) return [];
      const figures = snapshot.summary && { files: snapshot.summary.totalFiles, bytes: snapshot.summary.bytesProcessed };
      return [
        {
          kind: 'copy',
          service,
          repository: repository.name,
          snapshotId: snapshot.id,
          at: snapshot.time,
          complete: true,
          detail: {
            tool: 'restic',
            how: `the same files as ${original.snapshot.id.slice(0, 8)} in ${original.repository.name}`,
            place: placeOf(repository),
            ...figures,
          },
        },
      ];
    }),
  );
}

const identityOf = ({ tree, time, host, tags }: Snapshot): string =>
  [tree, time, host, serviceOfTags(tags) ?? ''].join('\0');

/** Lists by the repository's name, filled by the steps that this one comes after. */
export type Listings = Map<string, readonly Snapshot[]>;

export const copiesStep = (
  repositories: readonly { readonly repository: RepositoryConfig; readonly services: readonly string[] }[],
  listings: Listings,
  { journal }: Toolbox,
): Step => ({
  id: stepId.copies,
  title: 'Recognise copies of one in another',
  after: repositories.map(({ repository }) => stepId.refresh(repository.name)),
  weight: 'advisory', // whether the repositories answered is told by their own steps
  run() {
    const held = repositories.map(({ repository, services }): Held => {
      const facts = services.flatMap((service) =>
        countingFacts(journal, { service, repository: repository.name, place: placeOf(repository) }),
      );
      return {
        repository,
        snapshots: listings.get(repository.name) ?? [],
        complete: new Set(facts.filter(({ complete }) => complete).map(({ snapshotId }) => snapshotId)),
      };
    });
    const evidence = copiesAmong(held, new Set(repositories.flatMap(({ services }) => services)));
    return Promise.resolve({ outcome: 'succeeded', result: { copies: evidence.length }, evidence });
  },
});
