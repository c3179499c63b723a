// A backup of a PostgreSQL server by barman-cloud. A success is recorded only of a backup that is listed afterwards under the name that it
// was given, with all of the log that it needs; what is let go then is told by a list, not by an exit code.

import { describeBytes } from '../../../domain/bytes.ts';
import { duration } from '../../../domain/duration.ts';
import { type Evidence, REMOVED_BY_RETENTION } from '../../../domain/evidence.ts';
import { formatInstant } from '../../../domain/instant.ts';
import { countKept } from '../../../domain/kept-backups.ts';
import { backupsLock } from '../../../domain/naming.ts';
import type { StepContext, StepResult } from '../../../domain/plan.ts';
import { beforeShrinking } from '../../../domain/shrunk.ts';
import type { Journal } from '../../../journal/journal.ts';
import { type ErrorCode, HoldfastError } from '../../../lib/errors.ts';
import { barmanBackup, nameArgument } from '../../../tools/barman-cloud/backup.ts';
import { deleteBackups, wouldDelete } from '../../../tools/barman-cloud/backup-delete.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { placeName } from '../../../tools/barman-cloud/place.ts';
import { requireSupported } from '../../../tools/postgresql/supported-version.ts';
import type { EngineService } from '../access.ts';
import { type ArchiveLook, judgeArchive } from '../archive-look.ts';
import type { BackupChoice } from '../backup-step.ts';
import { calendarsOf, isDue } from '../calendars.ts';
import { holdProcesses, markOf } from '../processes.ts';
import { nameOfRepository } from '../../../domain/postgres-repository.ts';
import { askServer } from '../server.ts';
import { barmanConfig, barmanOf } from './access.ts';
import { requireArchiving, requireOwnPlace } from './gate.ts';
import { archiveAt, openPlace, type Place, type PlacedBackup, REPOSITORY } from './open-place.ts';

const NAME = nameOfRepository(REPOSITORY);

export async function backUpToPlace(
  server: EngineService,
  choice: BackupChoice,
  journal: Pick<Journal, 'evidence'>,
  context: StepContext,
): Promise<StepResult> {
  const { service, postgres } = server;
  const { signal } = context;
  if (choice.type !== null && choice.type !== 'full')
    throw failure(
      service.name,
      'usage',
      `barman-cloud makes no ${choice.type} backups`,
      'All of its backups are full ones.',
    );
  const access = await barmanOf(server, signal);
  const before = await openPlace(access, signal);
  if (choice.onlyDue && !isItsTime(server, before, context)) return { outcome: 'skipped', reason: 'no backup is due' };
  const state = await askServer(server, signal);
  if (state.dataDirectory !== postgres.dataDir)
    throw failure(
      service.name,
      'config',
      `the server that answers keeps its data in ${state.dataDirectory}, not in ${postgres.dataDir}`,
      'Correct dataDir, or socket and port.',
    );
  await requireOwnPlace(server, access, before, state, journal, signal);
  for (const id of before.remains)
    context.warn(
      `${placeName(access.place)}/base/${id} is what is left of a backup that never ended: nothing removes it, and it takes room`,
    );
  requireArchiving(server, state);
  const name = markOf(context.runId, postgres.stanza, REPOSITORY);
  await make(server, access, name, context);
  const after = await openPlace(access, signal);
  const made = after.whole.find((each) => each.name === name);
  if (made === undefined)
    throw failure(
      service.name,
      'snapshot-missing',
      'barman-cloud ended without an error, and does not list a new backup',
      'See what is there: barman-cloud-backup-list. Then run it again.',
    );
  requireSupported(after.cluster?.version ?? '', 'back up', service.name);
  const look = judgeArchive(archiveAt(after, made, 'of the newest backup'));
  const faults = faultsOf(made, look);
  const { notes, left } =
    faults.length > 0 ? { notes: [KEPT], left: after } : await letGo(server, access, after, journal, context);
  return resultOf(server, { made, look, reasons: [...faults, ...notes], whole: faults.length === 0 }, after, left, context);
}

async function make(server: EngineService, access: BarmanCloud, name: string, context: StepContext): Promise<void> {
  const { socket, port, user: role, processes } = server.postgres;
  await using _processes = await holdProcesses(context, nameArgument(name));
  context.progress({ message: 'full backup' });
  const { compression } = barmanConfig(server);
  await barmanBackup(access, { name, socket, port, role, compression, processes }, { signal: context.signal });
}

function isItsTime({ postgres }: EngineService, { whole }: Place, context: StepContext): boolean {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isDue('full', calendarsOf(postgres.schedule), whole, context.now(), zone);
}

/** Why a backup is not good; none where it is. */
function faultsOf(made: PlacedBackup, look: ArchiveLook): string[] {
  const { reach } = look.reaches.find(({ backup }) => backup.label === made.label) ?? {};
  return reach?.consistent
    ? []
    : [`the log that it needs is not in the archive: ${reach?.missing[0] ?? made.wal?.start ?? 'it has none'}`];
}

const KEPT = 'nothing older was let go for it';

/**
 * What the retention lets go of, and not from under a restore. A dry run says first what would go; where that is something else than what
 * is meant, nothing does. Answers with why it could not, in sentences, and with what is there then.
 */
async function letGo(
  server: EngineService,
  access: BarmanCloud,
  after: Place,
  journal: Pick<Journal, 'evidence'>,
  context: StepContext,
): Promise<{ readonly notes: readonly string[]; readonly left: Place }> {
  const { postgres, service } = server;
  const shrunk = shrunkFrom(after);
  if (shrunk !== null) return { notes: [shrunk], left: after };
  const ends = after.whole.map(({ stoppedAt }) => stoppedAt);
  const keep = Math.max(
    countKept(barmanConfig(server).retention, ends, context.now()),
    after.whole.length - drilledAt(service.name, after, journal), // what was last proven stays, and what is newer
  );
  const meant = after.whole.slice(0, Math.max(0, after.whole.length - keep)).map(({ label }) => label);
  if (meant.length === 0) return { notes: [], left: after };
  let restored = true;
  try {
    await using held = await context.lock({ name: backupsLock(postgres.stanza, NAME), mode: 'exclusive' });
    restored = false;
    const signal = AbortSignal.any([context.signal, ...(held.lost ? [held.lost] : [])]);
    const options = { signal, timeout: LIMIT };
    const told = await wouldDelete(access, keep, options);
    const more = told.filter((label) => !meant.includes(label));
    if (more.length > 0)
      return { notes: [`nothing was let go: barman-cloud would also remove ${more.join(', ')}`], left: after };
    await deleteBackups(access, keep, options);
    const left = await openPlace(access, signal);
    const still = told.filter((label) => left.whole.some((each) => each.label === label));
    return { notes: still.length > 0 ? [`old backups could not be let go: ${still.join(', ')}`] : [], left };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    if (!restored) return { notes: [`old backups could not be let go: ${error.message}`], left: after };
    context.warn(`old backups go the next time, for something is restored from ${NAME}: ${error.message}`);
    return { notes: [], left: after };
  }
}

/** Where in the list; its length where none of it was ever drilled. */
function drilledAt(service: string, { whole }: Place, journal: Pick<Journal, 'evidence'>): number {
  const [drilled] = journal.evidence({ service, repository: NAME, kind: 'drill', complete: true, limit: 1 });
  const at = whole.findIndex(({ label }) => label === drilled?.snapshotId);
  return at === -1 ? whole.length : at;
}

/** Why nothing goes for a newest backup that is abnormally small, in a sentence: something may have been lost before it was made. */
function shrunkFrom({ whole }: Place): string | null {
  const copies = whole.toReversed().map(({ label, stoppedAt, size }) => ({ id: label, time: stoppedAt, bytes: size }));
  const before = beforeShrinking({ copies, lastAppliedAt: null, acceptedBytes: null });
  const [newest] = copies;
  if (before === null || newest === undefined) return null;
  const words = ({ id, bytes }: (typeof copies)[number]): string => `${id}: ${describeBytes(bytes)}`;
  return `nothing was let go: the newest backup (${words(newest)}) is far smaller than one before it (${words(before)}). If that is right, remove the old ones by hand: barman-cloud-backup-delete`;
}

const LIMIT = duration(1, 'h');

interface Made {
  readonly made: PlacedBackup;
  readonly look: ArchiveLook;
  readonly reasons: readonly string[];
  readonly whole: boolean;
}

function resultOf(
  { service, postgres }: EngineService,
  { made, look, reasons, whole }: Made,
  after: Place,
  left: Place,
  context: StepContext,
): StepResult {
  const place = postgres.barman ? placeName(postgres.barman) : '';
  const { reach } = look.reaches.find(({ backup }) => backup.label === made.label) ?? {};
  const until = reach?.last?.at ?? null;
  const of = { service: service.name, repository: NAME };
  const figures = {
    label: made.label,
    type: made.type,
    systemId: made.systemId,
    restorableUntil: until === null ? null : formatInstant(until),
  };
  const held = new Set(left.whole.map(({ label }) => label));
  const gone = after.whole
    .filter(({ label }) => !held.has(label))
    .map(({ label }): Evidence => ({
      ...of,
      kind: 'missing',
      snapshotId: label,
      at: context.now(),
      complete: true,
      detail: { tool: 'barman-cloud', how: REMOVED_BY_RETENTION, place },
    }));
  const backup: Evidence = {
    ...of,
    kind: 'backup',
    snapshotId: made.label,
    at: made.stoppedAt,
    complete: whole,
    detail: { tool: 'barman-cloud', place, bytes: made.size, ...figures },
  };
  return {
    outcome: reasons.length === 0 ? 'succeeded' : 'partial',
    reason: reasons.length === 0 ? null : reasons.join('; '),
    evidence: [backup, ...gone],
    result: { ...of, snapshotId: made.label, bytesProcessed: made.size, bytesAdded: made.added, ...figures },
  };
}

const failure = (subject: string, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'back up', subject, message, hint, retry: 'later' });
