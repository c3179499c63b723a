// The offsite copy of a server's pgBackRest repository: restic copies the directory while the stanza's lock keeps backups and
// expiry away, so that backup.info, the backups that it names and the log that they need are of one time. Only files of the log
// may come meanwhile, which harm nothing. What the copy is good for is told from what the snapshot itself lists.

import { join } from 'node:path';
import type { PostgresConfig, ServerCopy } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { textAt } from '../../lib/json.ts';
import type { ServerBackup } from '../../domain/server-backup.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import type { RepositoryFile } from '../../tools/pgbackrest/repo-ls.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';
import { type Job, nameOf } from '../backup/backup-step.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { pgBackRestOf, PROGRAM } from './access.ts';
import { lookAtArchive } from './archive-look.ts';
import { requireMounted } from './mounted.ts';
import { backupsIn, clusterIn } from './open-archive.ts';

/** A job of a service with a server; what is copied is a repository of pgBackRest. */
export interface CopyJob {
  readonly job: Job;
  readonly postgres: PostgresConfig;
  readonly copy: ServerCopy;
}

/** Null for a job that copies files. */
export function copyJobOf(job: Job): CopyJob | null {
  const { postgres } = job.service;
  const { serverCopy: copy } = job.backup;
  return postgres !== null && copy ? { job, postgres, copy } : null;
}

/** The stanza's lock must be held, and `make` be the backup of the directory. Throws why there is nothing that could be copied. */
export async function copyRepository(
  of: CopyJob,
  make: () => Promise<StepResult>,
  toolbox: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  const { job, postgres, copy } = of;
  await pgBackRestVersion(PROGRAM, context.signal);
  const access = await pgBackRestOf({ service: job.service, postgres }, context.signal);
  if (copy.repository) await requireMounted(job.service.name, copy.repository);
  const before = await whatIsCopied(of, access, context.signal);
  if (before.encrypted && copy.cipherPassFile === null) context.warn(PASSPHRASE);
  const made = await make();
  try {
    return withFacts(made, await judge(of, before, textAt(made.result ?? {}, 'snapshotId'), access, toolbox));
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error; // the copy is made, and is not forgotten
    return withFacts(made, { faults: [`whether it fits together is not known: ${error.message}`], facts: {} });
  }
}

export const PASSPHRASE =
  'pgBackRest encrypts the repository, and Holdfast is not told where its passphrase is (offsite.cipherPassFile): ' +
  'without it nothing comes out of this copy, so keep it where it is not lost with this host';

/** What pgBackRest says of the directory that is copied. */
export interface Copied {
  readonly key: number;
  readonly info: StanzaInfo;
  /** Oldest first, at least one. */
  readonly backups: readonly ServerBackup[];
  readonly encrypted: boolean;
}

/** "It answered, and holds these backups in this very directory": whatever else is no repository that could be copied. */
export async function whatIsCopied(of: CopyJob, access: PgBackRest, signal: AbortSignal): Promise<Copied> {
  const { copy, postgres } = of;
  const declared = copy.repository?.key;
  const info = await pgBackRestInfo(access, { signal, ...(declared === undefined ? {} : { repository: declared }) });
  const asked = info.repositories.filter(({ key }) => declared === undefined || key === declared);
  const full = asked.filter(({ state }) => state === 'ok');
  if (full.length === 0) throw nothingHeld(of, asked);
  if (info.locked) throw failure(of, 'busy', BUSY, BUSY_HINT);
  for (const { key, encrypted } of full) {
    const backups = backupsIn(info, key);
    const newest = backups.at(-1);
    if (newest === undefined) continue;
    const manifest = manifestOf(copy, postgres, newest.label);
    if (await pathExists(manifest, signal)) return { key, info, backups, encrypted }; // oxlint-disable-line no-await-in-loop -- a handful
  }
  const message = `pgBackRest's repository of the stanza ${postgres.stanza} is not in ${copy.path}: the newest backup that it lists is not there`;
  throw failure(of, 'source-missing', message, ELSEWHERE);
}

const BUSY = 'a backup or an expiry runs that Holdfast did not start: what is copied now would not fit together';
const BUSY_HINT = 'Run it again when that has ended. If it is dead, its workers may live: ps -ef | grep pgbackrest';
const ELSEWHERE =
  'Is the right file system mounted there? If its directory is another one, say so: offsite.path. A repository on S3, SFTP or ' +
  'another host cannot be copied from here: if it is elsewhere anyway, take `offsite` out, and say location: offsite for it.';

function nothingHeld(of: CopyJob, [first]: StanzaInfo['repositories']): HoldfastError {
  const { stanza } = of.postgres;
  if (first?.state === 'other')
    return failure(of, 'repository-unreachable', first.message, 'Nothing is known about it, and nothing was copied.');
  if (first?.state === 'no-backup')
    return failure(
      of,
      'source-missing',
      'there is no backup yet that could be copied',
      `holdfast run ${of.job.service.name}`,
    );
  return failure(
    of,
    'source-missing',
    `pgBackRest finds no stanza ${stanza} in its repository (${of.copy.path}): nothing was copied`,
    'Find out why before anything else: is its filesystem mounted? Earlier copies of it are untouched.',
  );
}

interface Judgement {
  readonly faults: readonly string[];
  readonly facts: Readonly<Record<string, string | boolean | null>>;
}

/** Not cancelled with the run: the copy is made, and each look has a time limit of its own. */
async function judge(
  of: CopyJob,
  before: Copied,
  snapshotId: string,
  access: PgBackRest,
  toolbox: Toolbox,
): Promise<Judgement> {
  const { job, postgres, copy } = of;
  const { signal } = new AbortController();
  const { key } = before;
  const info = await pgBackRestInfo(access, { signal, repository: key });
  const archive = join(copy.path, 'archive', postgres.stanza);
  const essential = new Set([
    join(archive, 'archive.info'),
    join(copy.path, 'backup', postgres.stanza, 'backup.info'),
    ...before.backups.map(({ label }) => manifestOf(copy, postgres, label)),
  ]);
  const log: RepositoryFile[] = [];
  const restic = await accessTo(toolbox, job.repository, signal);
  await resticLs(
    restic,
    { snapshotId },
    {
      signal,
      timeout: LIMIT,
      onNode({ path, type, size, mtime }) {
        essential.delete(path);
        if (type === 'file' && mtime !== null && path.startsWith(`${archive}/`))
          log.push({ path: path.slice(archive.length + 1), size, time: mtime });
      },
    },
  );
  const { reaches, restorableFrom, restorableUntil } = await lookAtArchive(
    access,
    before.info,
    key,
    { timeline: null, finished: [] },
    signal,
    log,
  );
  const newest = before.backups.at(-1);
  const reach = reaches.find(({ backup }) => backup.label === newest?.label)?.reach;
  const [absent] = essential;
  const changed = info.locked || labels(backupsIn(info, key)) !== labels(before.backups);
  return {
    faults: [
      ...(changed ? [CHANGED] : []),
      ...(absent === undefined ? [] : [`not in the copy: ${absent}`]),
      ...(reach?.consistent ? [] : [`the log that ${newest?.label} needs is not in the copy`]),
    ],
    facts: {
      label: newest?.label ?? null,
      systemId: clusterIn(before.info, key)?.systemId ?? null,
      restorableFrom: textOf(restorableFrom),
      restorableUntil: textOf(restorableUntil),
      encrypted: before.encrypted,
    },
  };
}

const LIMIT = duration(30, 'm');
const CHANGED = 'a backup or an expiry that Holdfast did not start ran while it was copied: the copy may not fit together';

const manifestOf = ({ path }: ServerCopy, { stanza }: PostgresConfig, label: string): string =>
  join(path, 'backup', stanza, label, 'backup.manifest');

const labels = (backups: readonly ServerBackup[]): string => backups.map(({ label }) => label).join(' ');
const textOf = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

function withFacts(made: StepResult, { faults, facts }: Judgement): StepResult {
  const reasons = [...(made.reason ? [made.reason] : []), ...faults];
  return {
    ...made,
    outcome: faults.length > 0 ? 'partial' : made.outcome,
    reason: reasons.length === 0 ? null : reasons.join('; '),
    evidence: (made.evidence ?? []).map((fact) => ({
      ...fact,
      complete: fact.complete && faults.length === 0,
      detail: { ...fact.detail, ...facts },
    })),
    result: { ...made.result, ...facts },
  };
}

const failure = ({ job }: CopyJob, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'copy offsite', subject: nameOf(job), message, hint, retry: 'later' });
