// Whether the lost data of a service is brought back: a decision over what was seen of its paths and of its copies, and what
// is allowed. Pure. An empty start is allowed only where every repository has answered that it holds nothing.

import type { ErrorCode } from '../lib/errors.ts';

/** `empty`: a directory or file without anything in it. `unknown`: it could not be looked at, or is not what it should be. */
export type PathState = 'data' | 'empty' | 'absent' | 'unknown';

export interface SeenPath {
  readonly path: string;
  readonly state: PathState;
  /** Why it is unknown. */
  readonly reason: string | null;
  /** It was empty when it was backed up the last time: then that is no loss. */
  readonly wasEmpty: boolean;
}

/** What the repositories of a service said when they were asked for a copy that is not known to be incomplete. */
export type Copies =
  /** Nothing is lost that they could give back. */
  | { readonly kind: 'unasked' }
  | { readonly kind: 'found'; readonly repository: string; readonly snapshotId: string }
  /** Every one answered. `incomplete` are copies that are not good enough. */
  | { readonly kind: 'none'; readonly repositories: readonly string[]; readonly incomplete: readonly IncompleteCopy[] }
  /** Those that answered have none, and others did not answer. */
  | { readonly kind: 'unknown'; readonly silent: readonly SilentRepository[] };

export interface IncompleteCopy {
  readonly repository: string;
  readonly snapshotId: string;
}

export interface SilentRepository {
  readonly repository: string;
  readonly reason: string;
}

export interface Observation {
  readonly service: string;
  readonly paths: readonly SeenPath[];
  readonly copies: Copies;
}

export interface RecoveryPolicy {
  /** `nothing` of it is kept, on purpose; an `engine` of its own keeps it. */
  readonly kept: 'files' | 'nothing' | 'engine';
  /** Its repositories are among the sources that it may be recovered from. */
  readonly fromRepositories: boolean;
  readonly allowEmptyStart: boolean;
  readonly onFailure: 'block' | 'start-empty';
}

/**
 * `skip`: there is nothing to do. `restore`: the copy that was found takes its place. `start-empty`: it may start without data.
 * `fail`: it cannot be had back now. `block`: nobody may touch it before a person has looked.
 */
export type Decision =
  | { readonly action: 'skip' | 'restore' | 'start-empty'; readonly reason: string }
  | { readonly action: 'fail' | 'block'; readonly reason: string; readonly code: ErrorCode; readonly hint: string };

/** How much of it is lost. */
export type Loss = 'none' | 'part' | 'all' | 'unknown';

export function lossOf(paths: readonly SeenPath[]): Loss {
  if (paths.some(({ state }) => state === 'unknown')) return 'unknown';
  if (!paths.some(isLost)) return 'none';
  return paths.some(({ state }) => state === 'data') ? 'part' : 'all';
}

const isLost = ({ state, wasEmpty }: SeenPath): boolean => state === 'absent' || (state === 'empty' && !wasEmpty);

export function decide({ service, paths, copies }: Observation, policy: RecoveryPolicy): Decision {
  if (policy.kept === 'nothing') return { action: 'skip', reason: 'nothing of it is kept' };
  if (policy.kept === 'engine') {
    return {
      action: 'fail',
      code: 'unsupported',
      reason: 'this version of Holdfast has no PostgreSQL engine yet',
      hint: 'Restore the cluster with the tool that backs it up today.',
    };
  }
  const loss = lossOf(paths);
  switch (loss) {
    case 'none':
      return { action: 'skip', reason: 'its data is there' };
    case 'unknown':
      return unclear(paths);
    case 'part':
      return halfThere(service, paths);
    case 'all':
      return policy.fromRepositories ? fromCopies(service, copies, policy) : noSource(service);
    default:
      return loss satisfies never;
  }
}

function fromCopies(service: string, copies: Copies, { allowEmptyStart, onFailure }: RecoveryPolicy): Decision {
  switch (copies.kind) {
    case 'found':
      return { action: 'restore', reason: `its data is gone, and ${copies.repository} holds ${short(copies)}` };
    case 'unasked':
      return {
        action: 'block',
        code: 'bug',
        reason: 'its data is gone, and no repository was asked',
        hint: `Restore it by hand: holdfast restore ${service} --in-place`,
      };
    case 'unknown':
      return {
        action: 'fail',
        code: 'repository-unreachable',
        reason: `its data is gone, and it is not known whether there is a copy: ${copies.silent.map(({ repository, reason }) => `${repository} did not answer (${reason})`).join('; ')}`,
        hint: `See why, then: holdfast recover ${service}. It is not started empty: what does not answer may hold everything.`,
      };
    case 'none':
      return withoutCopy(service, copies, allowEmptyStart, onFailure);
    default:
      return copies satisfies never;
  }
}

function withoutCopy(
  service: string,
  { repositories, incomplete }: Extract<Copies, { kind: 'none' }>,
  allowEmptyStart: boolean,
  onFailure: RecoveryPolicy['onFailure'],
): Decision {
  const [first] = incomplete;
  if (first) {
    return {
      action: 'block',
      code: 'refused',
      reason: `its data is gone, and every copy of it is known to be incomplete (the newest in ${first.repository}: ${short(first)})`,
      hint: `If that is better than nothing: holdfast restore ${service} --in-place --repository ${first.repository} --snapshot ${short(first)}`,
    };
  }
  const who = repositories.join(' and ');
  const nothing = `${who} answered and ${repositories.length === 1 ? 'holds' : 'hold'} nothing of it`;
  if (allowEmptyStart) return { action: 'start-empty', reason: `${nothing}: it may start empty (allowEmptyStart)` };
  const asked = onFailure === 'start-empty' ? ' recover.onFailure alone does not allow that.' : '';
  return {
    action: 'fail',
    code: 'snapshot-missing',
    reason: `its data is gone, and ${nothing}`,
    hint: `If it is new and may start empty, say so: protection.allowEmptyStart: true.${asked} Otherwise look for its copies elsewhere: holdfast snapshots --all`,
  };
}

const unclear = (paths: readonly SeenPath[]): Decision => ({
  action: 'block',
  code: 'refused',
  reason: paths
    .flatMap(({ state, path, reason }) => (state === 'unknown' ? [reason ?? `${path} is unknown`] : []))
    .join('; '),
  hint: 'Nobody knows whether its data is there. See to that first (holdfast doctor, findmnt, ls -ld); nothing was changed.',
});

function halfThere(service: string, paths: readonly SeenPath[]): Decision {
  const there = paths.flatMap(({ state, path }) => (state === 'data' ? [path] : []));
  const lost = paths.flatMap((seen) => (isLost(seen) ? [`${seen.path} is ${seen.state}`] : []));
  return {
    action: 'block',
    code: 'refused',
    reason: `${lost.join(', ')}, but ${there.join(', ')} ${there.length === 1 ? 'has' : 'have'} data: what comes back would be of another time than what is there`,
    hint: `To put all of it back as it was (what is there is kept): holdfast restore ${service} --in-place. To take a part only: --to DIR.`,
  };
}

const noSource = (service: string): Decision => ({
  action: 'fail',
  code: 'unsupported',
  reason: 'its data is gone, and this version of Holdfast can use none of its recover.sources',
  hint: `Add repository to services.${service}.recover.sources, or restore it by hand: holdfast restore ${service} --in-place`,
});

const short = ({ snapshotId }: { readonly snapshotId: string }): string => snapshotId.slice(0, 8);

/** What is compared to tell which service comes back first. */
export interface Urgency {
  readonly name: string;
  readonly protection: {
    readonly class: string;
    /** In milliseconds; null: no promise. */
    readonly rto: number | null;
  };
}

const CLASSES = ['critical', 'standard'];
const rank = ({ protection }: Urgency): number => {
  const at = CLASSES.indexOf(protection.class);
  return at === -1 ? CLASSES.length : at;
};

/** Critical ones first, then standard ones; of those what was promised soonest, then by name. On paper as on a machine. */
export const byUrgency = (a: Urgency, b: Urgency): number =>
  rank(a) - rank(b) || compare(a.protection.rto ?? Infinity, b.protection.rto ?? Infinity) || compare(a.name, b.name);

/** Also of what is infinite. */
const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : Number(a > b));
