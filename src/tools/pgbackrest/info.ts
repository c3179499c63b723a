// `pgbackrest info`: what each repository holds of a stanza. It exits with 0 whatever it finds: what its answer means is its status
// codes' to say. "There is no backup" and "it did not answer" are different answers here.

import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { ServerBackup, ServerCluster } from '../../domain/server-backup.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';
import { parseDocument } from './json.ts';

/**
 * - `ok`: it holds backups.
 * - `no-stanza`, `no-backup`: it answered, and holds nothing yet. An unmounted directory answers so, too.
 * - `other`: it did not answer, or cannot be read; `message` says why.
 */
export type RepositoryState = 'ok' | 'no-stanza' | 'no-backup' | 'other';

export interface RepositoryInfo {
  readonly key: number;
  readonly encrypted: boolean;
  readonly state: RepositoryState;
  readonly message: string;
  /** It answered, and what it says of itself cannot be read: the passphrase is wrong, or it is damaged. Waiting does not help. */
  readonly garbled: boolean;
}

export interface StanzaInfo {
  readonly repositories: readonly RepositoryInfo[];
  /** Of all repositories, the last of each being the one in force. */
  readonly clusters: readonly ServerCluster[];
  /** Oldest first. */
  readonly backups: readonly ServerBackup[];
  /** Backup or expire run, or a process of one that is dead lives. */
  readonly locked: boolean;
}

const LIMIT = duration(2, 'm');
/** It would wait a minute for each connection that hangs. */
const IO_TIMEOUT = '--io-timeout=20';

export const infoInvocation = (repository?: number): Invocation => ({
  args: ['info', '--output=json', IO_TIMEOUT],
  operation: 'ask for the backups of',
  repository,
});

const count = z.number().int().nonnegative();
const seconds = count.transform((value) => (value * 1000) as Instant);
const TYPES = { full: 'full', diff: 'differential', incr: 'incremental' } as const;

/** Only of one backup is it told in which tablespaces its data was. */
const setShape = z.object({
  backup: z.array(z.object({ label: z.string(), tablespace: z.array(z.object({ name: z.string() })).nullish() })),
});

const status = z.object({ code: z.number().int(), message: z.string() });
const stanzaShape = z.object({
  name: z.string(),
  repo: z.array(z.object({ key: z.number().int().positive(), cipher: z.string(), status })),
  status: status.extend({ lock: z.object({ backup: z.object({ held: z.boolean() }) }) }),
  db: z.array(
    z.object({ id: count, 'repo-key': z.number().int().positive(), 'system-id': z.string(), version: z.string() }),
  ),
  backup: z.array(
    z.object({
      label: z.string(),
      type: z.enum(['full', 'diff', 'incr']),
      prior: z.string().nullish(),
      error: z.boolean().nullish(),
      archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
      lsn: z.object({ start: z.string().nullable() }).nullish(),
      database: z.object({ id: count, 'repo-key': z.number().int().positive() }),
      info: z.object({ size: count, repository: z.object({ delta: count }) }),
      timestamp: z.object({ start: seconds, stop: seconds }),
    }),
  ),
});

/** A stanza that nobody knows yet is one that no repository has. */
export function parseInfo(stdout: string, stanza: string, subject: string): StanzaInfo {
  const all = parseDocument(stdout, z.array(stanzaShape), 'ask for the backups of', subject);
  const found = all.find(({ name }) => name === stanza);
  if (!found) return { repositories: [], clusters: [], backups: [], locked: false };
  return {
    repositories: found.repo.map(({ key, cipher, status: { code, message } }) => {
      const encrypted = cipher !== 'none';
      const garbled = stateOf(code) === 'other' && GARBLED.test(message);
      return { key, encrypted, state: stateOf(code), message: garbled ? wordsOfGarbled(encrypted) : message, garbled };
    }),
    clusters: found.db.map((each) => ({
      id: each.id,
      repository: each['repo-key'],
      systemId: each['system-id'],
      version: each.version,
    })),
    backups: found.backup.map((each) => ({
      label: each.label,
      type: TYPES[each.type],
      repository: each.database['repo-key'],
      databaseId: each.database.id,
      prior: each.prior ?? null,
      error: each.error ?? null,
      startedAt: each.timestamp.start,
      stoppedAt: each.timestamp.stop,
      wal:
        each.archive.start === null || each.archive.stop === null
          ? null
          : { start: each.archive.start, stop: each.archive.stop },
      startLsn: each.lsn?.start ?? null,
      size: each.info.size as Bytes, // pgBackRest counts bytes
      added: each.info.repository.delta as Bytes,
    })),
    locked: found.status.lock.backup.held,
  };
}

/** A wrong passphrase makes nonsense of what is decrypted, which is mostly noticed by the one, and sometimes by the other. */
const GARBLED = /^\[(?:Crypto|Format)Error\]/;

/** pgBackRest's own words have that nonsense in them, or ask for a stanza-create. */
const wordsOfGarbled = (encrypted: boolean): string =>
  encrypted
    ? 'its backup.info cannot be decrypted: the passphrase is not the one that it was made with, or the file is damaged'
    : 'its backup.info cannot be read: it is damaged, or encrypted and no passphrase is configured';

/** 3 stands for a repository that holds only other clusters' backups; 4 is of the stanza as a whole; 99 is an error. */
function stateOf(code: number): RepositoryState {
  if (code === 0) return 'ok';
  if (code === 1 || code === 3) return 'no-stanza';
  return code === 2 ? 'no-backup' : 'other';
}

export async function pgBackRestInfo(
  access: PgBackRest,
  options: PgBackRestOptions & { readonly repository?: number },
): Promise<StanzaInfo> {
  const stdout = await invokePgBackRest(access, infoInvocation(options.repository), { timeout: LIMIT, ...options });
  return parseInfo(stdout, access.stanza, access.subject);
}

/** Their names. */
export async function pgBackRestTablespaces(
  access: PgBackRest,
  { label, repository }: { readonly label: string; readonly repository: number },
  signal: AbortSignal,
): Promise<string[]> {
  const { args, operation } = infoInvocation();
  const invocation = { args: [...args, `--set=${label}`], operation, repository };
  return parseTablespaces(await invokePgBackRest(access, invocation, { timeout: LIMIT, signal }), label, access.subject);
}

export const parseTablespaces = (stdout: string, label: string, subject: string): string[] =>
  parseDocument(stdout, z.array(setShape), 'ask for the backups of', subject)
    .flatMap(({ backup }) => backup)
    .filter((each) => each.label === label)
    .flatMap(({ tablespace }) => (tablespace ?? []).map(({ name }) => name));
