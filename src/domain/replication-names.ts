// Where the replica of a dataset is. Pure.

export interface ReplicaPlace {
  /** As ssh is told: user@host; null: this machine. */
  readonly host: string | null;
  readonly dataset: string;
}

/** 'backup@nas-1:backup/forge'; a colon after the first '/' belongs to the name of a dataset. */
export function placeOf(destination: string): ReplicaPlace {
  const [, host, dataset] = /^([^/:]+):(.*)$/s.exec(destination) ?? [];
  return host === undefined || dataset === undefined ? { host: null, dataset: destination } : { host, dataset };
}

/** As `zfs receive -d` names it: tank/persist/sonarr in backup/forge is backup/forge/persist/sonarr. */
export const replicaOf = (root: string, dataset: string): string => {
  const slash = dataset.indexOf('/');
  return slash === -1 ? root : `${root}${dataset.slice(slash)}`;
};

/** What a target is sent, as it is declared. */
export interface Sent {
  readonly datasets: readonly string[];
  readonly exclude: readonly string[];
}

export const isSentTo = ({ datasets, exclude }: Sent, dataset: string): boolean =>
  isWithin(dataset, datasets) && !isWithin(dataset, exclude) && !isReceived(dataset);

/** What a recovery receives a replica into, for as long as it copies from it: it is never sent anywhere. */
export const receivedName = (runId: string, number: number): string => `holdfast-received-${runId}-${number}`;
export const isReceived = (dataset: string): boolean => /\/holdfast-received-[0-9A-Z]{26}-\d+(?:\/|$)/.test(dataset);

export const isWithin = (dataset: string, roots: readonly string[]): boolean =>
  roots.some((root) => dataset === root || dataset.startsWith(`${root}/`));
