// What a repository that answered has of a service that is lost: a copy that may take its place by itself, or why it has none.

import type { Instant } from '../../domain/instant.ts';
import { type Copies, type NamedCopy, type PoorCopy, poorWords } from '../../domain/recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { candidatesOf, type Choice, chooseSnapshot, type Knowledge } from '../snapshots/choose-snapshot.ts';
import type { Holding } from '../snapshots/look.ts';
import { recordedCompleteness } from '../snapshots/observe-snapshots.ts';
import type { Toolbox } from '../toolbox.ts';
import { shrunkFrom } from './abnormal-shrink.ts';
import { lastKnown } from './last-known.ts';
import { whyRefused } from './refused-copies.ts';

export type Judgement =
  | { readonly kind: 'good'; readonly choice: Choice; readonly remarks: readonly string[] }
  /** `vanished`: there should be one by the journal. */
  | { readonly kind: 'nothing'; readonly vanished: NamedCopy | null }
  | { readonly kind: 'poor'; readonly copy: PoorCopy }
  | Extract<Copies, { kind: 'shrunk' }>;

export interface Judging {
  readonly service: string;
  readonly host: string;
  readonly toolbox: Toolbox;
  readonly now: Instant;
  /** A copy that is known not to be good is good enough to be tried: somebody wants that. */
  readonly insist: boolean;
}

export function judgeHolding({ repository, snapshots }: Holding, judging: Judging): Judgement {
  const { service, host, toolbox, now, insist } = judging;
  const job = { service, repository: repository.name };
  const known = { repository: repository.name, complete: recordedCompleteness(toolbox, service, repository.name), now };
  const choice = choose(snapshots, judging, known);
  if (choice === null) {
    const lost = lastKnown(toolbox.journal, service, repository, now);
    return { kind: 'nothing', vanished: lost && { repository: repository.name, snapshotId: lost.snapshotId } };
  }
  const copy = { repository: repository.name, snapshotId: choice.snapshot.id };
  if (choice.partial) return { kind: 'poor', copy: { ...copy, kind: 'incomplete', why: 'is known to be incomplete' } };
  const why = whyRefused(toolbox.journal, { ...copy, service });
  const refused: PoorCopy | null = why === null ? null : { ...copy, kind: 'refused', why };
  if (refused && !insist) return { kind: 'poor', copy: refused };
  const copies = candidatesOf(snapshots, { service, host }, known)
    .filter(({ time }) => time <= choice.snapshot.time)
    .map(({ id, time, summary }) => ({ id, snapshotId: id, time, bytes: summary?.bytesProcessed ?? null }));
  const before = shrunkFrom(toolbox.journal, job, copies);
  const [newest] = copies;
  if (before && newest) return { kind: 'shrunk', repository: repository.name, newest, before };
  const tried = refused === null ? [] : [`${poorWords(refused)}: it is tried all the same`];
  return { kind: 'good', choice, remarks: [...choice.remarks, ...tried] };
}

/** Null where it holds nothing of it. */
function choose(snapshots: Holding['snapshots'], { service, host }: Judging, known: Knowledge): Choice | null {
  try {
    return chooseSnapshot(snapshots, { service, host }, known);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'snapshot-missing') return null;
    throw error;
  }
}
