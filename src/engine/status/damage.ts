// What of a service can no longer be read in one repository: the snapshots that were found to be touched by damage that
// still stands. Damage of which nobody found out yet whom it touches, touches everybody.

import type { Instant } from '../../domain/instant.ts';
import type { Damage } from '../../domain/verification.ts';
import type { RecordedEvidence } from '../../journal/journal.ts';
import { countingFacts, type EvidenceReader, EVERYTHING, type PlacedJob } from './believed-copy.ts';
import type { RepositoryFacts } from './repository-facts.ts';

export interface StandingDamage {
  readonly since: Instant;
  /** The newest copy is touched, too, or nobody knows. */
  readonly newest: boolean;
  /** How many snapshots are known to be touched. */
  readonly snapshots: number;
  /** Files of the repository. */
  readonly items: readonly string[];
  /** The first of the paths that are affected; none where that could not be told. */
  readonly paths: readonly string[];
}

export function standingDamage(
  journal: EvidenceReader,
  { place, ...job }: PlacedJob,
  { flaws, unattributed }: RepositoryFacts,
  now: Instant,
): StandingDamage | null {
  if (flaws.size === 0) return null;
  const facts = journal.evidence({ ...job, kind: 'damage', limit: EVERYTHING });
  const touching = [...flaws.keys()].flatMap((item) => latestAbout(item, facts) ?? []);
  const items = [...new Set([...touching.map(({ item }) => item), ...unattributed])];
  if (items.length === 0) return null;
  const copies = countingFacts(journal, { ...job, place }).filter(({ complete, at }) => complete && at <= now);
  return {
    since: Math.min(...items.flatMap((item) => flaws.get(item)?.since ?? [])) as Instant, // each of them stands
    newest: unattributed.length > 0 || touching.some((each) => touchesNewest(each, copies)),
    snapshots: new Set(touching.flatMap(({ snapshots }) => [...snapshots].filter((id) => id !== ''))).size,
    items,
    paths: [...new Set(touching.flatMap(({ paths }) => paths))],
  };
}

/** What the last run that asked about an item found out. */
interface Touching {
  readonly item: string;
  readonly runId: string;
  /** Ids; the empty one for all of them. */
  readonly snapshots: ReadonlySet<string>;
  readonly paths: readonly string[];
}

function latestAbout(item: string, facts: readonly RecordedEvidence[]): Touching | null {
  const about = facts.filter(({ detail }) => (detail as Damage).items.includes(item)); // written from one
  const runId = about.reduce((last, fact) => (fact.runId > last ? fact.runId : last), '');
  if (runId === '') return null;
  const last = about.filter((fact) => fact.runId === runId);
  return {
    item,
    runId,
    snapshots: new Set(last.map(({ snapshotId }) => snapshotId)),
    paths: last.flatMap(({ detail }) => (detail as Damage).paths),
  };
}

/** One that was made after the damage was met leans on the same files as the one before: it is as good as that until somebody looked. */
function touchesNewest({ runId, snapshots }: Touching, copies: readonly RecordedEvidence[]): boolean {
  const known = copies.find((copy) => copy.runId < runId);
  return known === undefined || snapshots.has(known.snapshotId) || snapshots.has('');
}
