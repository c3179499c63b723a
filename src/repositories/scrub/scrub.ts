// Reads a repository on a local path without its password: each file of data/, index/, snapshots/ and keys/ has the SHA-256
// that is its name. Streams, keeps no list, and can go on where an earlier scrub stopped. It changes nothing.

import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../../domain/instant.ts';
import type { Rate } from '../../domain/rate.ts';
import type { Flaw, Slice } from '../../domain/verification.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { assertStanding, flawsOfGround, type Ground, standOn, unreadable } from './ground.ts';
import { Hasher } from './hash-file.ts';
import { repositoryFiles, type RepositoryFile } from './repository-files.ts';

/** How far a scrub has come, and what it found: all that is needed to go on. */
export interface ScrubState extends JsonObject {
  /** Of the repository: see ground.ts. */
  readonly identity: string;
  readonly slice: Slice;
  readonly startedAt: Instant;
  /** The last file that was read to its end. */
  readonly done: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly flaws: readonly Flaw[];
}

export interface ScrubRequest {
  readonly directory: string;
  /** The repository's name, for errors. */
  readonly subject: string;
  readonly slice: Slice;
  readonly rate: Rate | null;
  readonly now: Instant;
  /** Where an earlier one stopped; it is gone on with when it was about the same repository and slice. */
  readonly resume: ScrubState | null;
  /** Items that were damaged at an earlier time. */
  readonly former: readonly string[];
}

export interface ScrubOptions {
  readonly signal: AbortSignal;
  /** After each file, and when it is cut short. */
  readonly onState: (state: ScrubState) => void;
  readonly onBytes?: (bytes: number, files: number) => void;
  /** Throws when the repository is not where it should be (any more). */
  readonly assertPlace: () => Promise<void>;
}

export interface ScrubResult {
  /** When the first of it was read. */
  readonly startedAt: Instant;
  readonly resumed: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly flaws: readonly Flaw[];
  /** How many files are none of restic's. */
  readonly strangers: number;
  /** Names of the files in snapshots/. */
  readonly snapshots: ReadonlySet<string>;
  /** Those of `former` that are not there any more. */
  readonly gone: readonly string[];
}

/**
 * Throws the signal's reason when it aborts, `repository-unreachable` when the repository goes away in the middle,
 * `permission-denied` for what may not be read: then nothing is claimed, and the next call goes on from the last state.
 */
export async function scrub(request: ScrubRequest, options: ScrubOptions): Promise<ScrubResult> {
  const { directory, subject, slice, resume } = request;
  const { signal } = options;
  const ground = await standOn(directory, subject, signal);
  const assertThere = async (): Promise<void> => {
    await options.assertPlace();
    await assertStanding(ground, subject, signal);
  };
  const known = resume !== null && isAbout(resume, ground, slice) ? resume : null;
  const startedAt = known?.startedAt ?? request.now;
  let { done, files, bytes } = known ?? { done: null, files: 0, bytes: 0 };
  const flaws = [...(known?.flaws ?? [])];
  const count = (more: number): void => {
    bytes += more;
    options.onBytes?.(bytes, files);
  };
  const hasher = new Hasher(signal, count, request.rate);
  const strangers = new Set<string>();
  const walk = repositoryFiles(directory, slice, { after: done, signal, onStranger: (path) => strangers.add(path) });
  try {
    for await (const file of walk) {
      if (!(await isSound(file, hasher, subject))) {
        await assertThere(); // a file that went with its disk is not damaged
        if (await exists(file.path, signal)) flaws.push({ item: file.item, problem: 'damaged' });
      }
      [done, files] = [file.item, files + 1];
      options.onState({ identity: ground.identity, slice, startedAt, done, files, bytes, flaws });
    }
    await assertThere();
    const standing = await lookAgain(flaws, directory, hasher, subject);
    const former = request.former.filter((item) => !standing.some((flaw) => flaw.item === item));
    const there = await Promise.all(former.map((item) => exists(pathOf(directory, item), signal)));
    const snapshots = await untilAborted(readdir(join(directory, 'snapshots')).catch(nothing), signal);
    const keys = await untilAborted(readdir(join(directory, 'keys')).catch(nothing), signal);
    await assertThere();
    return {
      startedAt,
      resumed: known !== null,
      files,
      bytes,
      // without a single key nothing can be read any more
      flaws: [...flawsOfGround(ground), ...(keys.length === 0 ? [NO_KEYS] : []), ...standing],
      strangers: strangers.size,
      snapshots: new Set(snapshots),
      gone: former.filter((_, index) => !there[index]),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HoldfastError) throw error;
    await assertThere();
    throw unreadable(subject, directory, error);
  }
}

const NO_KEYS: Flaw = { item: 'keys', problem: 'missing' };

/** A directory that is not there is a flaw of its own. */
function nothing(error: unknown): string[] {
  if (errnoOf(error) === 'ENOENT') return [];
  throw error;
}

const isAbout = (state: ScrubState, { identity }: Ground, slice: Slice): boolean =>
  identity !== '' && state.identity === identity && state.slice.index === slice.index && state.slice.of === slice.of;

/** Whether its content is what its name says. What a failing disk does not give is not; what may not be read throws. */
async function isSound({ item, path, regular }: RepositoryFile, hasher: Hasher, subject: string): Promise<boolean> {
  if (!regular) return false;
  try {
    return (await hasher.hash(path)) === item.slice(item.indexOf('/') + 1);
  } catch (error) {
    if (BROKEN.has(errnoOf(error) ?? '')) return false;
    throw error instanceof HoldfastError ? error : unreadable(subject, path, error);
  }
}

/** Of this very file: its blocks cannot be read, it is no file, or a link to nothing; ENOENT also when it was removed just now. */
const BROKEN: ReadonlySet<string> = new Set(['EIO', 'EISDIR', 'ENXIO', 'ELOOP', 'ENOENT', 'EBADMSG', 'EUCLEAN']);

/** What was pruned or repaired since it was found, by an earlier part of this scrub maybe, is no flaw any more. */
async function lookAgain(
  flaws: readonly Flaw[],
  directory: string,
  hasher: Hasher,
  subject: string,
): Promise<readonly Flaw[]> {
  const standing: Flaw[] = [];
  for (const flaw of flaws) {
    const path = pathOf(directory, flaw.item);
    const there = await kindOf(path); // oxlint-disable-line no-await-in-loop -- one disk
    if (there === null) continue;
    const file = { item: flaw.item, path, regular: there === 'regular' };
    if (!(await isSound(file, hasher, subject))) standing.push(flaw); // oxlint-disable-line no-await-in-loop -- as above
  }
  return standing;
}

/** How many bytes a scrub has before it, for whoever watches; what goes away meanwhile is not counted. */
export async function bytesToRead({ directory, slice }: ScrubRequest, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const { path } of repositoryFiles(directory, slice, { after: null, signal, onStranger: () => {} })) {
    bytes += await untilAborted(
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
      signal,
    );
  }
  return bytes;
}

/** Where the file of a flaw lies. */
function pathOf(directory: string, item: string): string {
  const [kind = '', name = ''] = item.split('/');
  return kind === 'data' ? join(directory, kind, name.slice(0, 2), name) : join(directory, kind, name);
}

const exists = async (path: string, signal: AbortSignal): Promise<boolean> =>
  (await untilAborted(kindOf(path), signal)) !== null;

async function kindOf(path: string): Promise<'regular' | 'other' | null> {
  try {
    const entry = await lstat(path);
    return entry.isFile() || entry.isSymbolicLink() ? 'regular' : 'other';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    if (BROKEN.has(errno)) return 'other'; // it is there, and what says so is broken
    throw error;
  }
}
