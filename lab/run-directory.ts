// What one process makes in the lab: a directory for its files and a control group for its processes, under one name, which
// is all that is needed to take everything away, also after that process was killed. Processes die with it by themselves
// (see sealed.ts); what stays on disk is found at the next start.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { errnoOf } from '../src/lib/errors.ts';
import { mayBeAlive, type ProcessIdentity, selfIdentity } from '../src/process/identity.ts';
import type { Cache } from './cache.ts';
import { removeGroup } from './control-group.ts';

export class RunDirectory implements AsyncDisposable {
  readonly id: string;
  readonly path: string;

  private constructor(id: string, path: string) {
    this.id = id;
    this.path = path;
  }

  /** Takes away what dead processes left, then makes one. */
  static async create(cache: Cache): Promise<RunDirectory> {
    await reap(cache);
    const id = ulid();
    const [making, path] = [join(cache.runs, `${MAKING}${process.pid}-${id}`), join(cache.runs, id)];
    mkdirSync(making, { mode: 0o700 });
    writeFileSync(join(making, OWNER), JSON.stringify(selfIdentity()));
    renameSync(making, path); // never without its owner
    return new RunDirectory(id, path);
  }

  /** A new directory in it. */
  make(...name: readonly string[]): string {
    const path = join(this.path, ...name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeGroup(this.id);
    rmSync(this.path, { recursive: true, force: true });
  }
}

const OWNER = 'owner.json';
const MAKING = '.making-';

/** Ends and removes everything of runs whose process is dead; answers with their ids. */
export async function reap({ runs }: Cache): Promise<string[]> {
  const dead = readdirSync(runs).filter((name) => !name.startsWith(MAKING) && !isOwned(join(runs, name)));
  for (const id of dead) {
    await removeGroup(id);
    rmSync(join(runs, id), { recursive: true, force: true });
  }
  for (const name of readdirSync(runs)) {
    const [, pid] = /^\.making-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(runs, name), { recursive: true, force: true });
  }
  return dead;
}

/** Runs whose process is alive, by id. */
export function liveRuns({ runs }: Cache): Map<string, ProcessIdentity> {
  const owners = readdirSync(runs).flatMap((name) => {
    const owner = name.startsWith(MAKING) ? null : ownerOf(join(runs, name));
    return owner && mayBeAlive(owner) ? [[name, owner] as const] : [];
  });
  return new Map(owners);
}

const isOwned = (path: string): boolean => {
  const owner = ownerOf(path);
  return owner !== null && mayBeAlive(owner);
};

/** Without a readable owner nobody owns it: it is renamed into place with one, and removed from the owner on. */
function ownerOf(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(join(path, OWNER), 'utf8')) as ProcessIdentity; // our own writing
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error; // nothing is known of it: it may be alive
  }
}
