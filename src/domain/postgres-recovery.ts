// Whether a PostgreSQL server may start on what is in its data directory, and what is done where it may not: one decision over
// what was seen. Pure. A cluster is known by its system identifier, never by a marker; a new one is made only where every
// repository has shown that it is empty and a person has said so.

import type { ErrorCode } from '../lib/errors.ts';

/** The 64 bits that initdb draws, as decimal digits: they do not fit into a number. */
export type SystemId = string;

/** What is in the data directory, told from `PG_VERSION` and `global/pg_control`. */
export type ClusterData =
  /** No directory, or nothing in it but what belongs to no cluster. */
  | { readonly kind: 'empty' }
  /** `untouched`: nothing was ever made in it, as a package or initdb leaves it. */
  | { readonly kind: 'valid'; readonly systemId: SystemId; readonly untouched: boolean }
  | { readonly kind: 'partial'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What was done here before, kept outside of the data directory. It proves nothing about what is there now. */
export interface ClusterReceipt {
  readonly systemId: SystemId;
}

/** Why something is not known. */
export interface Obstacle {
  readonly reason: string;
  /** That may pass without anybody doing anything. */
  readonly mayPass: boolean;
  /** What to do about it, where that is known. */
  readonly mend?: string | null;
}

/** What one repository of the engine said. */
export type ArchiveState =
  /** It holds backups that can be restored, of these clusters; the newest backup of each. */
  | { readonly kind: 'backups'; readonly newest: readonly ClusterBackup[] }
  /** It shows that it is the one we have set up (our sentinel is there), and holds no backup. */
  | { readonly kind: 'empty' }
  /** It did not answer, or answered with nothing and does not show that it is ours: a directory that is not mounted does that. */
  | ({ readonly kind: 'unreachable' } & Obstacle & {
        /** It answered, and would hold nothing if its server were new, which nobody has said. */
        readonly mayBeNew?: boolean;
      });

export interface ClusterBackup {
  readonly systemId: SystemId;
  /** As the engine names it. */
  readonly label: string;
}

export interface ClusterObservation {
  readonly service: string;
  readonly dataDir: string;
  /** Why it is not certain that what is seen at the data directory is what belongs there; null when it is. */
  readonly hidden: Obstacle | null;
  readonly data: ClusterData;
  readonly receipt: ClusterReceipt | null;
  /** In the order in which they are asked. */
  readonly archives: readonly (ArchiveState & { readonly repository: string })[];
}

export interface ClusterPolicy {
  readonly allowEmptyStart: boolean;
  /** A person has said that this one time it may start empty. */
  readonly token: boolean;
}

export interface ChosenBackup extends ClusterBackup {
  readonly repository: string;
}

export type ClusterDecision =
  /** `archiving` false: it must not archive before its repository was seen. `remark`: what whoever looks on should know. */
  | { readonly action: 'start'; readonly reason: string; readonly archiving: boolean; readonly remark: string | null }
  /** The cluster is taken into a repository that has none: its stanza is made, and a full backup taken. */
  | { readonly action: 'adopt'; readonly reason: string }
  /** `alarm`: it had been recovered or adopted here before, so that somebody has emptied it. */
  | { readonly action: 'restore'; readonly reason: string; readonly from: ChosenBackup; readonly alarm: boolean }
  /** It may start on nothing, this once: whoever starts it makes a new cluster. */
  | { readonly action: 'start-empty'; readonly reason: string }
  /** Nothing starts. `again`: trying later may help without a person. */
  | {
      readonly action: 'block';
      readonly code: ErrorCode;
      readonly reason: string;
      readonly hint: string;
      readonly again: boolean;
    };

export function decideCluster(seen: ClusterObservation, policy: ClusterPolicy): ClusterDecision {
  const { data, hidden } = seen;
  if (hidden !== null) return { ...block(hidden.reason, hintOf(hidden)), again: hidden.mayPass };
  switch (data.kind) {
    case 'unknown':
      return block(data.reason, MEND_FIRST);
    case 'valid':
      return onValid(seen, data, policy);
    case 'partial':
      return onPartial(seen, data.reason);
    case 'empty':
      return onEmpty(seen, policy);
    default:
      return data satisfies never;
  }
}

/** There is a cluster: is it ours? */
function onValid(
  { service, receipt, archives, dataDir }: ClusterObservation,
  { systemId, untouched }: Extract<ClusterData, { kind: 'valid' }>,
  { allowEmptyStart }: ClusterPolicy,
): ClusterDecision {
  const backups = backupsOf(archives);
  const known = backups.some((backup) => backup.systemId === systemId);
  const silent = silentOf(archives);
  if (known || receipt?.systemId === systemId) {
    const stranger = !known && backups.length > 0;
    const remark = stranger
      ? `${namesOf(backups)} ${backups.length === 1 ? 'holds' : 'hold'} backups of another cluster only: nothing of this one can be archived there`
      : null;
    return { action: 'start', reason: 'its data is there', archiving: !stranger, remark };
  }
  if (backups.length > 0 || receipt !== null) {
    const expected = receipt?.systemId ?? [...new Set(backups.map((backup) => backup.systemId))].join(' or ');
    return block(
      `${dataDir} holds a cluster with the system identifier ${systemId}, and ${service} is ${expected}: another cluster has taken its place`,
      `Find out where it comes from. To put the right one back, move what is in ${dataDir} aside (mv), then: holdfast recover ${service}`,
    );
  }
  if (silent.length > 0 && untouched)
    return {
      ...block(
        `${dataDir} holds a new cluster with nothing in it, and ${silentWords(silent)}`,
        `What does not answer may hold everything. Where this machine is new, its repositories may not be told yet: holdfast postgres configure ${service}. What a package made there is moved aside (mv; Debian: pg_dropcluster), and then: holdfast recover ${service}. ${silent.every(({ mayBeNew }) => mayBeNew === true) ? sayItIsNew(service, allowEmptyStart) : NEW_BY_HAND}`,
      ),
      again: silent.some(({ mayPass }) => mayPass),
    };
  if (silent.length > 0) {
    const reason = `its data is there, and ${silentWords(silent)}`;
    return {
      action: 'start',
      reason,
      archiving: false,
      remark: 'whether it can archive is not known: see to its repositories, and then to holdfast postgres watch',
    };
  }
  return { action: 'adopt', reason: `its data is there, and ${emptyWords(archives)}` };
}

/** Nothing is restored into the data directory, so it is nothing of ours that was interrupted. */
const onPartial = ({ service, dataDir }: ClusterObservation, reason: string): ClusterDecision =>
  block(
    `${dataDir} holds a part of a cluster (${reason})`,
    `Nothing was changed. Look at it; if it is of no use, move what is in it aside (mv), and then: holdfast recover ${service}`,
  );

function onEmpty(seen: ClusterObservation, { allowEmptyStart, token }: ClusterPolicy): ClusterDecision {
  const { service, receipt, archives } = seen;
  const backups = backupsOf(archives);
  const wanted = receipt?.systemId ?? onlyOne(backups);
  const from = wanted === null ? null : backupOf(archives, wanted);
  if (from) {
    const reason = `its data is gone, and ${from.repository} holds ${from.label}`;
    return { action: 'restore', reason, from, alarm: receipt !== null };
  }
  if (silentOf(archives).length > 0) return unreachable(seen, allowEmptyStart);
  if (backups.length > 0) {
    const ids = [...new Set(backups.map(({ systemId }) => systemId))].join(', ');
    const expected = receipt === null ? 'which of them is the right one is not on record' : `it is ${receipt.systemId}`;
    return block(
      `its data is gone, and ${namesOf(backups)} ${backups.length === 1 ? 'holds' : 'hold'} backups of ${ids}: ${expected}`,
      choiceOf(service, archives),
    );
  }
  const nothing = `its data is gone, and ${emptyWords(archives)}`;
  if (receipt !== null)
    return block(
      `${nothing}, yet the cluster ${receipt.systemId} was here before`,
      'Look for its backups elsewhere: a disk, a bucket, a copy. It is not started empty.',
    );
  if (archives.length > 0 && allowEmptyStart && token)
    return { action: 'start-empty', reason: `${emptyWords(archives)}: it may start empty, this once` };
  return block(nothing, sayItIsNew(service, allowEmptyStart));
}

/** Where no repository can carry the word of a person. */
const NEW_BY_HAND =
  'If it is new, start it once without this look (systemctl start --job-mode=ignore-dependencies UNIT), and configure it.';

const sayItIsNew = (service: string, allowEmptyStart: boolean): string =>
  allowEmptyStart
    ? `If it is new: holdfast recover ${service} --allow-empty-once, then start it again.`
    : `If it is new, say so: protection.allowEmptyStart: true, and then holdfast recover ${service} --allow-empty-once`;

type Archive = ClusterObservation['archives'][number];

/** Of a repository, only the cluster that was backed up there last can be restored by its name. */
function choiceOf(service: string, archives: readonly Archive[]): string {
  const last = archives.flatMap((archive) => {
    const newest = archive.kind === 'backups' ? archive.newest.at(-1) : undefined;
    return newest ? [`${archive.repository} for ${newest.systemId}`] : [];
  });
  const older = archives.some((archive) => archive.kind === 'backups' && archive.newest.length > 1);
  return (
    `Choose one: holdfast restore ${service} --in-place --repository REPOSITORY, which is ${last.join(', ')}.` +
    (older
      ? ' An older one of a repository, as the user of the server: pgbackrest --stanza=STANZA --repo=N --set=LABEL restore'
      : '')
  );
}

const backupsOf = (archives: readonly Archive[]): ChosenBackup[] =>
  archives.flatMap((archive) =>
    archive.kind === 'backups' ? archive.newest.map((backup) => ({ ...backup, repository: archive.repository })) : [],
  );

/** From the first repository that has one. */
const backupOf = (archives: readonly Archive[], systemId: SystemId): ChosenBackup | null =>
  backupsOf(archives).find((backup) => backup.systemId === systemId) ?? null;

/** Null where there is none or where a person has to choose: a new cluster may have been made in place of the real one. */
function onlyOne(backups: readonly ClusterBackup[]): SystemId | null {
  const [first, ...more] = new Set(backups.map(({ systemId }) => systemId));
  return first !== undefined && more.length === 0 ? first : null;
}

const silentOf = (archives: readonly Archive[]): Extract<Archive, { kind: 'unreachable' }>[] =>
  archives.filter((archive) => archive.kind === 'unreachable');

const silentWords = (silent: readonly Extract<Archive, { kind: 'unreachable' }>[]): string =>
  silent.map(({ repository, reason }) => `${repository} did not answer (${reason})`).join('; ');

const emptyWords = (archives: readonly Archive[]): string =>
  archives.length === 0
    ? 'no repository is configured'
    : `${archives.map(({ repository }) => repository).join(' and ')} answered and ${archives.length === 1 ? 'holds' : 'hold'} no backup`;

const namesOf = (backups: readonly ChosenBackup[]): string =>
  [...new Set(backups.map(({ repository }) => repository))].join(' and ');

const MEND_FIRST =
  'Nobody knows whether its data is there, and nothing was changed. See to that first (holdfast doctor, findmnt, ls -ld).';

/** Nothing is to be looked for where the commands that help are known. */
export const hintOf = ({ mend = null }: Pick<Obstacle, 'mend'>): string =>
  mend === null ? MEND_FIRST : `Nothing was changed, and holdfast doctor says more. To mend it: ${mend}`;

const block = (reason: string, hint: string): Extract<ClusterDecision, { action: 'block' }> => ({
  action: 'block',
  code: 'refused',
  reason,
  hint,
  again: false,
});

function unreachable({ service, archives, receipt }: ClusterObservation, allowEmptyStart: boolean): ClusterDecision {
  const silent = silentOf(archives);
  const mayBeNew = receipt === null && backupsOf(archives).length === 0 && silent.every((each) => each.mayBeNew === true);
  return {
    ...block(
      `its data is gone, and ${silentWords(silent)}`,
      `See why, then: holdfast recover ${service}. No new cluster is made: what does not answer may hold everything.${mayBeNew ? ` ${sayItIsNew(service, allowEmptyStart)}` : ''}`,
    ),
    code: 'repository-unreachable',
    again: silent.some(({ mayPass }) => mayPass),
  };
}
