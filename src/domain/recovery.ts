// Whether the lost data of a service is brought back: a decision over what was seen of its paths and of its copies, and what
// is allowed. Pure. An empty start is allowed only where every repository has answered that it holds nothing.

import { type Bytes, describeBytes } from './bytes.ts';
import { formatInstant, type Instant } from './instant.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { foundIn, objectionOf, type SaidSource, wordsOfSources } from './recovery-source.ts';

/** `empty`: a directory or file without anything in it. `unknown`: it could not be looked at, or is not what it should be. */
export type PathState = 'data' | 'empty' | 'absent' | 'unknown';

export interface SeenPath {
  readonly path: string;
  readonly state: PathState;
  /** Why it is unknown. */
  readonly reason: string | null;
  /** What makes it unknown may pass without anybody: a mount that is late, a server that hangs. */
  readonly mayPass: boolean;
  /** It was empty when it was backed up the last time: then that is no loss. */
  readonly wasEmpty: boolean;
}

/** What the repositories of a service said when they were asked for a copy that is not known to be incomplete. */
export type Copies =
  /** Nothing is lost that they could give back. */
  | { readonly kind: 'unasked' }
  | { readonly kind: 'found'; readonly repository: string; readonly snapshotId: string }
  /**
   * Every one answered. `poor` are copies that are not good enough; `vanished` are on record as made, not as removed, and
   * are not there: what answered may be another repository in the place of ours.
   */
  | {
      readonly kind: 'none';
      readonly repositories: readonly string[];
      readonly poor: readonly PoorCopy[];
      readonly vanished: readonly NamedCopy[];
    }
  /** The newest one is so small beside earlier ones that its data was probably lost before it was made. */
  | { readonly kind: 'shrunk'; readonly repository: string; readonly newest: DatedCopy; readonly before: DatedCopy }
  /** Those that answered have none, and others did not answer. */
  | { readonly kind: 'unknown'; readonly silent: readonly SilentRepository[]; readonly poor: readonly PoorCopy[] };

export interface NamedCopy {
  readonly repository: string;
  readonly snapshotId: string;
}

export interface DatedCopy {
  readonly snapshotId: string;
  readonly time: Instant;
  readonly bytes: Bytes | null;
}

export interface PoorCopy extends NamedCopy {
  /** `incomplete`: it is on record as that. `refused`: it was restored already, and found not to be good. */
  readonly kind: 'incomplete' | 'refused';
  /** In words: 'is known to be incomplete'. */
  readonly why: string;
}

export interface SilentRepository {
  readonly repository: string;
  readonly reason: string;
  /** It may answer later, without anybody doing anything: not where its password is wrong. */
  readonly mayPass: boolean;
}

export interface Observation {
  readonly service: string;
  readonly paths: readonly SeenPath[];
  readonly copies: Copies;
  /** The other sources, as far as they were asked. */
  readonly others: readonly SaidSource[];
}

export interface RecoveryPolicy {
  /** `nothing` of it is kept, on purpose. */
  readonly kept: 'files' | 'nothing';
  /** Its repositories are among the sources that it may be recovered from. */
  readonly fromRepositories: boolean;
  readonly allowEmptyStart: boolean;
  /** A person has said that it may start empty this one time, and which copies are gone for good; null where nobody has. */
  readonly permitted: { readonly gone: readonly string[] } | null;
  /** `start-empty`: that holds also where there are copies of which none is good. */
  readonly onFailure: 'block' | 'start-empty';
}

/**
 * `skip`: there is nothing to do. `restore`: the copy that was found takes its place. `start-empty`: it may start without data;
 * `held` where its emptiness must not take the place of what copies there are. `fail`: it cannot be had back now. `block`: nobody
 * may touch it before a person has looked. `again`: trying later may help without a person.
 */
export type Decision =
  | { readonly action: 'skip' | 'restore'; readonly reason: string }
  | { readonly action: 'start-empty'; readonly reason: string; readonly held: boolean }
  | {
      readonly action: 'fail' | 'block';
      readonly reason: string;
      readonly code: ErrorCode;
      readonly hint: string;
      readonly again: boolean;
    };

/** How much of it is lost. */
export type Loss = 'none' | 'part' | 'all' | 'unknown';

export function lossOf(paths: readonly SeenPath[]): Loss {
  if (paths.some(({ state }) => state === 'unknown')) return 'unknown';
  if (!paths.some(isLost)) return 'none';
  return paths.some(({ state }) => state === 'data') ? 'part' : 'all';
}

const isLost = ({ state, wasEmpty }: SeenPath): boolean => state === 'absent' || (state === 'empty' && !wasEmpty);

export function decide({ service, paths, copies, others }: Observation, policy: RecoveryPolicy): Decision {
  if (policy.kept === 'nothing') return { action: 'skip', reason: 'nothing of it is kept' };
  const loss = lossOf(paths);
  switch (loss) {
    case 'none':
      return { action: 'skip', reason: 'its data is there' };
    case 'unknown':
      return unclear(paths);
    case 'part':
      return halfThere(service, paths);
    case 'all':
      return fromSources({ service, copies, others }, policy);
    default:
      return loss satisfies never;
  }
}

/** What has its data is used. Nothing is taken for empty before all that was declared has answered. */
function fromSources({ service, copies, others }: Omit<Observation, 'paths'>, policy: RecoveryPolicy): Decision {
  const found = foundIn(others);
  if (found) return { action: 'restore', reason: `its data is gone, and ${wordsOfSources([found])} has it` };
  if (!policy.fromRepositories) return noSource(service, others);
  const decision = fromCopies(service, copies, policy);
  if (!('held' in decision || 'code' in decision) || others.length === 0) return decision;
  const told = `${decision.reason} (${wordsOfSources(others)})`;
  const objection = objectionOf(service, others);
  if (objection === null) return { ...decision, reason: told };
  if ('code' in decision)
    return decision.code === 'snapshot-missing'
      ? objection
      : { ...decision, reason: told, again: decision.again || objection.again };
  const held = objection.action === 'block' && policy.onFailure === 'start-empty';
  return held ? { ...decision, held, reason: told } : objection;
}

function fromCopies(service: string, copies: Copies, policy: RecoveryPolicy): Decision {
  switch (copies.kind) {
    case 'found':
      return { action: 'restore', reason: `its data is gone, and ${copies.repository} holds ${short(copies)}` };
    case 'unasked':
      return {
        action: 'block',
        code: 'bug',
        reason: 'its data is gone, and no repository was asked',
        hint: `Restore it by hand: holdfast restore ${service} --in-place`,
        again: false,
      };
    case 'unknown':
      return {
        action: 'fail',
        code: 'repository-unreachable',
        reason: `its data is gone, and it is not known whether there is a good copy: ${[
          ...copies.silent.map(({ repository, reason }) => `${repository} did not answer (${reason})`),
          ...copies.poor.map(poorWords),
        ].join('; ')}`,
        hint: `See why, then: holdfast recover ${service}. It is not started empty: what does not answer may hold everything.`,
        again: copies.silent.some(({ mayPass }) => mayPass),
      };
    case 'shrunk':
      return whichOfTwo(service, copies);
    case 'none':
      return withoutCopy(service, copies, policy);
    default:
      return copies satisfies never;
  }
}

/** Two histories of it, which nobody can bring together afterwards: an older state, or perhaps nothing. */
function whichOfTwo(service: string, { repository, newest, before }: Extract<Copies, { kind: 'shrunk' }>): Decision {
  const words = ({ time, bytes, ...copy }: DatedCopy): string =>
    `${short(copy)} of ${formatInstant(time)}${bytes === null ? '' : `: ${describeBytes(bytes)}`}`;
  const take = (copy: DatedCopy): string =>
    `holdfast restore ${service} --in-place --repository ${repository} --snapshot ${short(copy)}`;
  return {
    action: 'block',
    code: 'refused',
    reason: `its data is gone, and the newest copy in ${repository} (${words(newest)}) holds far less than the one before it shrank (${words(before)}): was something lost before it was made`,
    hint: `Choose one (look first: --to DIR). The one before: ${take(before)}. The newest, if it is right that it is so small: ${take(newest)}`,
    again: false,
  };
}

export const shrunkWords = ({ newest, before }: Pick<Extract<Copies, { kind: 'shrunk' }>, 'newest' | 'before'>): string =>
  `holds far less in ${short(newest)} than in ${short(before)} before it`;

type None = Extract<Copies, { kind: 'none' }>;

function withoutCopy(service: string, copies: None, policy: RecoveryPolicy): Decision {
  const nothing = `${copies.repositories.join(' and ')} answered and ${copies.repositories.length === 1 ? 'holds' : 'hold'} nothing of it`;
  const { allowEmptyStart, permitted, onFailure } = policy;
  const vanished = copies.vanished.filter(({ snapshotId }) => permitted?.gone.includes(snapshotId) !== true);
  const bad = noGoodCopy(service, { ...copies, vanished }, nothing);
  if (allowEmptyStart && permitted !== null) {
    if (bad === null) return { action: 'start-empty', reason: `${nothing}: it may start empty, this once`, held: false };
    if (onFailure === 'start-empty')
      return { action: 'start-empty', reason: `${bad.reason}: it may start empty all the same, this once`, held: true };
  }
  if (bad) return { action: 'block', code: 'refused', again: false, ...bad };
  return {
    action: 'fail',
    code: 'snapshot-missing',
    reason: `its data is gone, and ${nothing}`,
    hint: `If it is new and may start empty, say so${allowEmptyStart ? '' : ': protection.allowEmptyStart: true, and then'} for its next start: holdfast recover ${service} --allow-empty-once. Otherwise look for its copies elsewhere: holdfast snapshots --all`,
    again: false,
  };
}

/** Null where nobody knows of any copy at all: then it may be new. */
function noGoodCopy(
  service: string,
  { poor, vanished: [lost] }: None,
  nothing: string,
): { readonly reason: string; readonly hint: string } | null {
  const [first] = poor;
  if (first) {
    const all = `Older ones: holdfast snapshots ${service}.`;
    return {
      reason: `its data is gone, and no copy of it is good: ${poor.map(poorWords).join('; ')}`,
      hint:
        first.kind === 'refused'
          ? `To try it once more: holdfast recover ${service}. ${all} To take it as it is: holdfast restore ${service} --in-place --repository ${first.repository} --snapshot ${short(first)}`
          : `${all} If this one is better than nothing: holdfast restore ${service} --in-place --repository ${first.repository} --snapshot ${short(first)}`,
    };
  }
  if (lost) {
    return {
      reason: `its data is gone, and ${nothing}, although ${short(lost)} was put into ${lost.repository}`,
      hint: `Is that the right repository, or another one in its place? See: holdfast snapshots --all, holdfast history --service ${service}. If its copies were removed on purpose, and it is to start anew: holdfast recover ${service} --allow-empty-once, which asks for that word`,
    };
  }
  return null;
}

export const poorWords = ({ repository, why, ...copy }: PoorCopy): string => `${short(copy)} in ${repository} ${why}`;

const unclear = (paths: readonly SeenPath[]): Decision => ({
  action: 'block',
  code: 'refused',
  reason: paths
    .flatMap(({ state, path, reason }) => (state === 'unknown' ? [reason ?? `${path} is unknown`] : []))
    .join('; '),
  hint: 'Nobody knows whether its data is there. See to that first (holdfast doctor, findmnt, ls -ld); nothing was changed.',
  again: paths.every(({ state, mayPass }) => state !== 'unknown' || mayPass),
});

function halfThere(service: string, paths: readonly SeenPath[]): Decision {
  const there = paths.flatMap(({ state, path }) => (state === 'data' ? [path] : []));
  const lost = paths.flatMap((seen) => (isLost(seen) ? [`${seen.path} is ${seen.state}`] : []));
  return {
    action: 'block',
    code: 'refused',
    reason: `${lost.join(', ')}, but ${there.join(', ')} ${there.length === 1 ? 'has' : 'have'} data: what comes back would be of another time than what is there`,
    hint: `To put all of it back as it was (what is there is kept): holdfast restore ${service} --in-place. To take a part only: --to DIR.`,
    again: false,
  };
}

const noSource = (service: string, others: readonly SaidSource[]): Decision => ({
  action: 'fail',
  code: 'unsupported',
  reason: `its data is gone, and none of its recover.sources has it${others.length === 0 ? '' : ` (${wordsOfSources(others)})`}`,
  hint: `Add repository to services.${service}.recover.sources, or restore it by hand: holdfast restore ${service} --in-place`,
  again: others.some(({ said, mayPass }) => said === 'silent' && mayPass),
});

const short = ({ snapshotId }: { readonly snapshotId: string }): string => snapshotId.slice(0, 8);
