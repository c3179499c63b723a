// What a restic that did not succeed means: exit code and last lines -> one typed error with the way on.
// "It answered: there is nothing" (repository-missing) and "it did not answer" (repository-unreachable) are never mixed up:
// only restic's own exit code 10 or its words 'repository does not exist' are the former.

import type { HoldfastError } from '../../lib/errors.ts';
import { type Meaning, toolError, type ToolFailure } from '../../process/tool-failure.ts';
import { BIND_FAILED } from '../util-linux/mount-namespace.ts';
import { essentialLine, plainLines } from './error-lines.ts';

export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  readonly exclusive: boolean;
  /** As restic prints it: '1h2m3.4s'; null when it does not say. */
  readonly age: string | null;
  /** '2026-01-31 02:00:00' in restic's local time; null when it does not say. */
  readonly createdAt: string | null;
}

/** restic was not even started. */
const NOT_IN_PLACE: Meaning = {
  code: 'source-incomplete',
  hint: 'What restic was to read (a snapshot, the copy of a database) could not be put in its place: the line above is of mount(8). See dmesg.',
  retry: 'later',
};
const MISSING: Meaning = {
  code: 'repository-missing',
  hint: 'If the address is right and the repository is new, create it with `holdfast repository init NAME`. If it should be there, check that the disk is mounted.',
  retry: 'later',
};
const WRONG_PASSWORD: Meaning = {
  code: 'wrong-password',
  hint: 'Check the file or command that gives the password: is it the password of this repository? `holdfast repository check-access NAME` tries it again.',
  retry: 'never',
};
const LOCKED_HINT =
  'Wait for the other process and try again. If that process is dead, `holdfast repository unlock NAME` clears its stale lock, or says when it can; live locks stay.';

const MEANINGS: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/wrong password or no key found/i, WRONG_PASSWORD],
  [/repository does not exist/i, MISSING],
  [
    /resolving password failed|empty password is not allowed|please specify repository|unable to open password file/i,
    {
      code: 'secret-unreadable',
      hint: 'Check that passwordFile exists, is not empty and can be read by this user, or that passwordCommand prints the password.',
      retry: 'later',
    },
  ],
  [
    /all (?:source|target) directories\/files do not exist/i,
    {
      code: 'source-missing',
      hint: 'None of the declared paths exists. Is the filesystem with the data mounted?',
      retry: 'later',
    },
  ],
  [
    /no matching ID found|not find snapshot|path .*: not found|no snapshot found/i,
    { code: 'snapshot-missing', hint: 'List what is there with `holdfast snapshots`.', retry: 'never' },
  ],
  [
    /no space left on device|disk quota exceeded|insufficient storage|ENOSPC/i,
    {
      code: 'no-space',
      hint: 'Free some space there: `holdfast retention apply` removes what no rule keeps (restic needs a little room for that, too). Nothing that was saved is lost.',
      retry: 'later',
    },
  ],
  [
    /ciphertext verification failed|repository contains damaged|invalid data returned|hash does not match|does not match (?:id|hash)|load(?:ing)? (?:index|tree|blob|snapshot).*(?:failed|invalid)|unsupported repository version|error loading (?:index|snapshot|tree)|is damaged|file size is invalid|invalid (?:pack|header)/i,
    {
      code: 'repository-damaged',
      hint: 'Do not prune. Keep the other copies, and let `restic check` tell what is damaged.',
      retry: 'never',
    },
  ],
  [
    /permission denied|access denied|forbidden|operation not permitted|\b40[13]\b/i,
    {
      code: 'permission-denied',
      hint: 'Check who may read and write the repository or the files named above.',
      retry: 'later',
    },
  ],
  [
    /connection (?:refused|reset|timed out|closed)|no such host|no route to host|(?:network|host) (?:is )?unreachable|i\/o timeout|deadline exceeded|timeout|timed out|TLS|x509|certificate|unexpected EOF|EOF$|broken pipe|temporary failure|server misbehaving|bad gateway|service unavailable|\b50[0234]\b|transport endpoint|stale (?:NFS )?file handle|input\/output error|not a directory|host key verification|ssh|unable to open (?:config file|repository)|retrying after/i,
    {
      code: 'repository-unreachable',
      hint: 'Nothing is known about the repository: it did not answer. Check network, mount, host name and credentials; other repositories are not affected.',
      retry: 'later',
    },
  ],
];

/** The error for a restic that ended without success. The message is restic's own last word, without 'Fatal: '. */
export function classifyFailure(failure: ToolFailure): HoldfastError {
  const meaning = meaningOf(failure);
  const hint = meaning.hint.replaceAll('NAME', failure.subject);
  const lines = { ...failure, stderrTail: plainLines(failure.stderrTail) };
  return toolError('restic', lines, { ...meaning, hint }, essentialLine(failure.stderrTail) || null);
}

function meaningOf(failure: ToolFailure): Meaning {
  const lines = plainLines(failure.stderrTail);
  if (failure.exitCode === BIND_FAILED) return NOT_IN_PLACE;
  if (failure.endedBy === 'SIGKILL') {
    return {
      code: 'tool-failed',
      message: 'restic was killed (SIGKILL)',
      hint: 'Usually the kernel ran out of memory: see `journalctl -k`, and give it more than its index needs. Then run again.',
      retry: 'later',
    };
  }
  if (failure.endedBy || failure.exitCode === 130 || lines.some((line) => /^signal \w+ received/.test(line))) {
    return {
      code: 'interrupted',
      message: 'restic was asked to stop',
      hint: 'Run it again: restic continues from what it has saved.',
      retry: 'now',
    };
  }
  if (failure.exitCode === 10) return MISSING;
  if (failure.exitCode === 12) return WRONG_PASSWORD;
  if (failure.exitCode === 11) return locked(failure.stderrTail);
  const holder = parseLockHolder(failure.stderrTail);
  if (holder) return locked(failure.stderrTail);
  return meaningOfText([
    essentialLine(failure.stderrTail),
    ...lines.filter((line) => line.includes('retrying after')).toReversed(),
  ]);
}

function meaningOfText(candidates: readonly string[]): Meaning {
  for (const candidate of candidates) {
    const found = MEANINGS.find(([pattern]) => pattern.test(candidate));
    if (found) return found[1];
  }
  return {
    code: 'tool-failed',
    hint: 'See the last lines of restic above; run again with --verbose for all of them.',
    retry: 'later',
  };
}

function locked(stderrTail: readonly string[]): Meaning {
  const holder = parseLockHolder(stderrTail);
  return {
    code: 'repository-locked',
    ...(holder ? { message: describeHolder(holder) } : {}),
    hint: LOCKED_HINT,
    retry: 'later',
  };
}

/** 'process 4711 (root) on nas' */
export const nameHolder = ({ pid, user, host }: Pick<LockHolder, 'pid' | 'user' | 'host'>): string =>
  `process ${pid} (${user}) on ${host}`;

/** 'locked exclusively by process 4711 (root) on nas for 1h2m' */
export function describeHolder(holder: LockHolder): string {
  const age = holder.age === null ? '' : ` for ${holder.age}`;
  return `locked${holder.exclusive ? ' exclusively' : ''} by ${nameHolder(holder)}${age}`;
}

/** Who holds the lock, from restic's message; null when it says nothing about a lock. */
export function parseLockHolder(stderrTail: readonly string[]): LockHolder | null {
  const text = plainLines(stderrTail).join('\n');
  const by = /already locked( exclusively)? by PID (\d+) on (.+) by (.*?)(?: \(UID \d+, GID \d+\))?$/m.exec(text);
  if (!by) return null;
  const age = /lock was created at (.*) \((.+) ago\)/.exec(text);
  return {
    pid: Number(by[2]),
    host: by[3] ?? '',
    user: by[4] ?? '',
    exclusive: by[1] !== undefined,
    age: age?.[2] ? roundAge(age[2]) : null,
    createdAt: age?.[1] ?? null,
  };
}

/** '1h2m3.456789s' -> '1h2m3s', '643.183132ms' -> '643ms' */
const roundAge = (age: string): string => age.replace(/\.\d+(?=[a-zµ]+$)/, '');
