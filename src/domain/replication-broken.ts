// Why nothing can be sent to a replica, in sentences: which side lost what, and how it is mended by whoever decides to. Pure.

import { shellWord } from '../lib/shell-word.ts';
import { type Bytes, describeBytes } from './bytes.ts';
import { formatInstant } from './instant.ts';
import type { ZfsSnapshot } from './zfs-snapshot.ts';

export type Broken =
  /** It is to be sent decrypted, and its key is not loaded. */
  | { readonly why: 'locked' }
  /** Something is there that was never received. */
  | { readonly why: 'occupied' }
  | { readonly why: 'nothing-common'; readonly oldest: ZfsSnapshot | null; readonly newest: ZfsSnapshot | null }
  /** It was received decrypted and would now be sent encrypted. */
  | { readonly why: 'mixed' }
  /** Snapshots with changes that the source does not have. */
  | {
      readonly why: 'ahead';
      readonly base: ZfsSnapshot;
      readonly since: readonly ZfsSnapshot[];
      /** What the source has since then. */
      readonly later: readonly ZfsSnapshot[];
    }
  | { readonly why: 'written'; readonly base: ZfsSnapshot; readonly bytes: number };

export interface BrokenWords {
  readonly message: string;
  readonly hint: string;
}

/** `redo`: the command that sets the replica aside and sends everything anew. */
export function wordsOfBroken(broken: Broken, source: string, target: string, redo: string): BrokenWords {
  const anew = `Everything is sent anew, with the replica kept beside under another name, by: ${redo}`;
  switch (broken.why) {
    case 'locked':
      return {
        message: `the encryption key of ${source} is not loaded, and it is to be sent decrypted`,
        hint: `Load it: zfs load-key ${shellWord(source)}. With \`raw: true\` it is sent as it is, and no key is needed.`,
      };
    case 'occupied':
      return {
        message: `${target} exists and has no snapshot: it was not received from here`,
        hint: `Give it another name where it is, or send to another place: zfs rename ${shellWord(target)} OTHER`,
      };
    case 'mixed':
      return {
        message: `${target} was received decrypted, and ${source} is to be sent encrypted: one cannot follow the other`,
        hint: `Write \`raw: false\` to go on as before. ${anew}`,
      };
    case 'written':
      return {
        message: `${describeBytes(broken.bytes as Bytes)} were written into ${target} after ${broken.base.name} was received`, // as zfs counts
        hint: `See what: zfs diff ${shellWord(`${target}@${broken.base.name}`)} ${shellWord(target)}. If it may be lost, on its machine: zfs rollback ${shellWord(`${target}@${broken.base.name}`)}`,
      };
    case 'ahead':
      return { message: ahead(broken, source, target), hint: aheadHint(broken, target, anew) };
    default:
      return { message: apart(broken, source, target), hint: anew };
  }
}

function ahead({ base, since, later }: Extract<Broken, { why: 'ahead' }>, source: string, target: string): string {
  const extra = `${target} has ${count(since)} after ${base.name} that ${source} does not have (${names(since)})`;
  return later.length === 0
    ? `${extra}: the source was rolled back, or lost them`
    : `${extra}, and the source has ${count(later)} of its own since: it was rolled back, or another host sends there, too`;
}

const aheadHint = ({ base }: Extract<Broken, { why: 'ahead' }>, target: string, anew: string): string =>
  `The replica may be the only one that has them: nothing here destroys them. If they may be lost, on its machine: zfs rollback -r ${shellWord(`${target}@${base.name}`)}. ${anew}`;

function apart({ oldest, newest }: Extract<Broken, { why: 'nothing-common' }>, source: string, target: string): string {
  const begin = `${source} and ${target} have nothing in common any more`;
  if (oldest === null || newest === null) return `${begin}: the source has no snapshot`;
  return oldest.creation > newest.creation
    ? `${begin}: the source lost ${newest.name} (${at(newest)}), the newest of the replica, and its bookmark, or another host sends there, too; what it has begins with ${oldest.name} (${at(oldest)})`
    : `${begin}: the replica lost what it had received from here, or is another's; its newest is ${newest.name} (${at(newest)}), and the source begins with ${oldest.name} (${at(oldest)})`;
}

const at = ({ creation }: ZfsSnapshot): string => formatInstant(creation).replace('.000Z', 'Z');
const count = ({ length }: readonly ZfsSnapshot[]): string => (length === 1 ? 'a snapshot' : `${length} snapshots`);
const MOST_NAMED = 3;
const names = (snapshots: readonly ZfsSnapshot[]): string =>
  snapshots.length <= MOST_NAMED + 1
    ? snapshots.map(({ name }) => name).join(', ')
    : `${snapshots
        .slice(0, MOST_NAMED)
        .map(({ name }) => name)
        .join(', ')} and ${snapshots.length - MOST_NAMED} more`;
