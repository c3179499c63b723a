// Real clusters for tests: made by initdb as an ordinary user, below a temporary directory that such a user can reach.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import { dirname, join } from 'node:path';
import { newestServerPrograms } from '../../src/tools/postgresql/programs.ts';
import { temporaryDirectory } from './temporary.ts';

const found = await newestServerPrograms(new AbortController().signal);
if (found === null) throw new Error('these tests need the server programs of PostgreSQL');
export const SERVER_PROGRAMS = found;
/** The directory that holds them. */
export const PROGRAMS = dirname(found.need('initdb'));

/** Who owns the clusters of tests: postgres under root, else whoever runs them. */
export const OWNER = ordinaryUser();

function ordinaryUser(): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid !== 0) return { uid, gid };
  const account = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'postgres');
  if (!account) throw new Error('there is no user postgres');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** Owned by the ordinary user. */
export function postgresDirectory(): ReturnType<typeof temporaryDirectory> {
  const temporary = temporaryDirectory();
  chmodSync(temporary.path, 0o755);
  chownSync(temporary.path, OWNER.uid, OWNER.gid);
  return temporary;
}

export function ownDirectory(path: string): string {
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, OWNER.uid, OWNER.gid);
  return path;
}

/** Runs a program as the owner of the clusters; answers with its standard output. */
export const asOwner = (program: string, args: readonly string[], input = ''): string => {
  const [name = '', ...rest] = [...asUser(OWNER), program, ...args];
  return execFileSync(name, rest, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
};

/** A new cluster, not started, with page checksums. */
export function makeCluster(directory: string, ...options: readonly string[]): string {
  const shape = ['--no-sync', '--auth=trust', '--encoding=UTF8', '--locale=C', '--data-checksums', '--username=postgres'];
  asOwner(join(PROGRAMS, 'initdb'), ['--pgdata', directory, ...shape, ...options]);
  return directory;
}
