// A backup of a PostgreSQL server into one repository of pgBackRest. A success is recorded only of a label that the repository
// lists afterwards, without damaged pages, with all of the log that it needs.

import type { PostgresRepositoryConfig } from '../../config/configuration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { REMOVED_BY_RETENTION } from '../../domain/evidence.ts';
import { formatInstant } from '../../domain/instant.ts';
import { backupsLock } from '../../domain/naming.ts';
import { dueKind, isSound, type BackupCalendars, type BackupKind } from '../../domain/postgres-backup.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { markArgument, pgBackRestBackup } from '../../tools/pgbackrest/backup.ts';
import { pgBackRestExpire } from '../../tools/pgbackrest/expire.ts';
import type { ServerBackup } from '../../domain/server-backup.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { requireSupported } from '../../tools/postgresql/supported-version.ts';
import { type EngineService, pgBackRestOf } from './access.ts';
import { type ArchiveLook, lookAtArchive, type Told } from './archive-look.ts';
import { backupsIn, clusterIn } from './open-archive.ts';
import { calendarsOf, isDue } from './calendars.ts';
import { missingStanza } from './missing-stanza.ts';
import { requireMounted } from './mounted.ts';
import { placeOfRepository } from './repositories.ts';
import { holdProcesses, markOf } from './processes.ts';

export interface EngineJob extends EngineService {
  /** Null: each of those that the configuration of pgBackRest has. */
  readonly repository: PostgresRepositoryConfig | null;
  /** The only one of those that is meant. */
  readonly key?: number | undefined;
}

export interface BackupChoice {
  /** Null: what is due. */
  readonly type: BackupKind | null;
  /** Nothing is done where nothing is due. */
  readonly onlyDue: boolean;
}

export async function backUpServer(job: EngineJob, choice: BackupChoice, context: StepContext): Promise<StepResult> {
  const access = await pgBackRestOf(job, context.signal);
  if (job.repository) await requireMounted(job.service.name, job.repository);
  const info = await pgBackRestInfo(access, { signal: context.signal });
  const one = job.repository?.key ?? job.key;
  const keys = one === undefined ? info.repositories.map(({ key }) => key) : [one];
  if (keys.length === 0) throw failure(job, 'repository-missing', NOT_CONFIGURED, CONFIGURE);
  const results: StepResult[] = [];
  // oxlint-disable-next-line no-await-in-loop -- pgBackRest has one lock for all repositories of a stanza
  for (const key of keys) results.push(await intoRepository(job, key, access, info, choice, context));
  return merged(results);
}

async function intoRepository(
  job: EngineJob,
  key: number,
  access: PgBackRest,
  before: StanzaInfo,
  choice: BackupChoice,
  context: StepContext,
): Promise<StepResult> {
  requireAnswer(job, before, key);
  const { version } = clusterIn(before, key) ?? {};
  if (version !== undefined) requireSupported(version, 'back up', job.service.name);
  const calendars = calendarsOf((job.repository ?? job.postgres).schedule);
  const type = kindFor(choice, calendars, before, key, context);
  if (type === null) return { outcome: 'skipped', reason: 'no backup is due' };
  const mark = markOf(context.runId, job.postgres.stanza, key);
  const damaged: string[] = [];
  {
    await using _processes = await holdProcesses(context, markArgument(mark));
    context.progress({ message: `${type} backup` });
    const onErrorLine = (line: string): void => {
      if (/invalid (?:page )?checksum/i.test(line)) damaged.push(line.trim().replace(/^(?:P\d+ +)?WARN: /, ''));
    };
    await pgBackRestBackup(access, { repository: key, type, mark }, { signal: context.signal, onErrorLine });
  }
  const after = await infoOf(job, access, context);
  const made = newIn(before, after, key);
  if (made === null) throw failure(job, 'snapshot-missing', NOT_LISTED, 'See the log of pgbackrest, and run it again.');
  const look = await lookAtArchive(access, after, key, UNASKED, context.signal);
  const faults = faultsOf(made, damaged, look);
  const unexpired = faults.length > 0 ? [KEPT] : await expire(access, key, mark, context);
  const left = await infoOf(job, access, context);
  return resultOf(job, key, after, made, { faults, notes: unexpired }, look, goneFrom(job, after, left, key, context));
}

/** Only of the repository that is meant: another one that hangs would keep it waiting. */
const infoOf = ({ repository }: EngineJob, access: PgBackRest, { signal }: StepContext): Promise<StanzaInfo> =>
  pgBackRestInfo(access, { signal, ...(repository ? { repository: repository.key } : {}) });

/** Why a backup is not good; none where it is. */
function faultsOf(made: ServerBackup, damaged: readonly string[], look: ArchiveLook): string[] {
  const { reach } = look.reaches.find(({ backup }) => backup.label === made.label) ?? {};
  const where = damaged[0] === undefined ? '' : `: ${damaged[0]}`;
  return [
    ...(isSound(made) ? [] : [`pages of the server are damaged, and so is this backup of them${where}`]),
    ...(reach?.consistent
      ? []
      : [`the log that it needs is not in the archive: ${reach?.missing[0] ?? made.wal?.start ?? 'it has none'}`]),
  ];
}

/** The log that a backup needs came in while it was made. */
const UNASKED: Told = { timeline: null, finished: [] };

const KEPT = 'nothing older was expired for it';

/**
 * What the retention lets go of, now that there is a new good one, and not from under a restore. Answers with why it could not, in
 * sentences.
 */
async function expire(access: PgBackRest, key: number, mark: string, context: StepContext): Promise<string[]> {
  let restored = true;
  try {
    await using held = await context.lock({ name: backupsLock(access.stanza, nameOfRepository(key)), mode: 'exclusive' });
    restored = false;
    await using _processes = await holdProcesses(context, markArgument(mark));
    await pgBackRestExpire(access, key, mark, {
      signal: AbortSignal.any([context.signal, ...(held.lost ? [held.lost] : [])]),
    });
    return [];
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    if (!restored) return [`old backups could not be expired: ${error.message}`];
    context.warn(
      `old backups are expired the next time, for something is restored from ${nameOfRepository(key)}: ${error.message}`,
    );
    return [];
  }
}

/** Null where nothing is due and only that was asked for. */
function kindFor(
  { type, onlyDue }: BackupChoice,
  calendars: BackupCalendars,
  info: StanzaInfo,
  key: number,
  context: StepContext,
): BackupKind | null {
  if (type !== null) return type;
  const held = backupsIn(info, key).filter(isSound); // a damaged one stands for none
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const due = dueKind(calendars, held, context.now(), zone);
  return onlyDue && !isDue(due, calendars, held, context.now(), zone) ? null : due;
}

/** "It answered, and holds nothing yet" is enough to go on; "it did not answer" is not. */
function requireAnswer(job: EngineJob, info: StanzaInfo, key: number): void {
  const found = info.repositories.find((each) => each.key === key);
  if (!found)
    throw failure(job, 'config', `pgbackrest knows no repository ${key} of the stanza ${job.postgres.stanza}`, CONFIGURE);
  if (found.state === 'other') throw failure(job, 'repository-unreachable', found.message, UNREACHABLE);
  if (found.state === 'no-stanza') {
    const { message, hint } = missingStanza(job, key, null);
    throw failure(job, 'repository-missing', message, hint);
  }
}

/** The newest that was not there before; the others may be of somebody else. */
function newIn(before: StanzaInfo, after: StanzaInfo, key: number): ServerBackup | null {
  const known = new Set(backupsIn(before, key).map(({ label }) => label));
  return backupsIn(after, key).findLast(({ label }) => !known.has(label)) ?? null;
}

/** What its retention has removed is on record as that, not as lost. */
function goneFrom(job: EngineJob, before: StanzaInfo, after: StanzaInfo, key: number, context: StepContext): Evidence[] {
  const held = new Set(backupsIn(after, key).map(({ label }) => label));
  return backupsIn(before, key)
    .filter(({ label }) => !held.has(label))
    .map(({ label }) => ({
      kind: 'missing',
      service: job.service.name,
      repository: nameOfRepository(key),
      snapshotId: label,
      at: context.now(),
      complete: true,
      detail: { tool: 'pgbackrest', how: REMOVED_BY_RETENTION, place: placeOfRepository(job.postgres, key) },
    }));
}

function resultOf(
  job: EngineJob,
  key: number,
  after: StanzaInfo,
  made: ServerBackup,
  { faults, notes }: { readonly faults: readonly string[]; readonly notes: readonly string[] },
  look: ArchiveLook,
  gone: readonly Evidence[],
): StepResult {
  const { reach } = look.reaches.find(({ backup }) => backup.label === made.label) ?? {};
  const reasons = [...faults, ...notes];
  const until = reach?.last?.at ?? null;
  const figures = {
    label: made.label,
    type: made.type,
    systemId: clusterIn(after, key)?.systemId ?? null,
    restorableUntil: until === null ? null : formatInstant(until),
  };
  const evidence: Evidence = {
    kind: 'backup',
    service: job.service.name,
    repository: nameOfRepository(key),
    snapshotId: made.label,
    at: made.stoppedAt,
    complete: faults.length === 0,
    detail: { tool: 'pgbackrest', place: placeOfRepository(job.postgres, key), bytes: made.size, ...figures },
  };
  return {
    outcome: reasons.length === 0 ? 'succeeded' : 'partial',
    reason: reasons.length === 0 ? null : reasons.join('; '),
    evidence: [evidence, ...gone],
    result: {
      service: job.service.name,
      repository: nameOfRepository(key),
      snapshotId: made.label,
      bytesProcessed: made.size,
      bytesAdded: made.added,
      ...figures,
    },
  };
}

/** Of several repositories: as good as the worst of them. */
function merged(results: readonly StepResult[]): StepResult {
  const [first] = results;
  if (results.length === 1 && first) return first;
  const partial = results.find(({ outcome }) => outcome === 'partial');
  const done = results.some(({ outcome }) => outcome === 'succeeded');
  return {
    outcome: partial ? 'partial' : done ? 'succeeded' : 'skipped',
    reason: partial?.reason ?? (done ? null : (first?.reason ?? null)),
    evidence: results.flatMap(({ evidence }) => evidence ?? []),
    result: { backups: results.flatMap(({ result }) => result ?? []) },
  };
}

const NOT_CONFIGURED = 'the configuration of pgbackrest has no repository for it';
const NOT_LISTED = 'pgbackrest ended without an error, and the repository does not list a new backup';
const CONFIGURE = 'holdfast postgres configure SERVICE --dry-run shows what pgbackrest has to know.';
const UNREACHABLE = 'Nothing is known about it: it did not answer. Other repositories are not affected.';

const failure = (job: EngineJob, code: HoldfastError['code'], message: string, hint: string): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'back up',
    subject: job.service.name,
    message,
    hint: hint.replaceAll('SERVICE', job.service.name),
    retry: 'later',
  });
