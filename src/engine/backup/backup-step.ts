// One service into one repository: the step that everything else is about. A success is recorded only from restic's own
// summary, a snapshot id that the repository holds, and every declared source present before and after.

import type { BackupConfig, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import { jobName, jobTag, stepId } from '../../domain/naming.ts';
import type { Progress, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { textAt } from '../../lib/json.ts';
import { placeOf } from '../../repositories/place.ts';
import { secretFilesOf } from '../../repositories/secrets.ts';
import { type BackupProgress, type BackupRequest, type BackupSummary, resticBackup } from '../../tools/restic/backup.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { literalPattern } from '../../tools/restic/pattern.ts';
import { featuresForSnapshots } from '../../tools/restic/version.ts';
import { presenceOf } from '../../tools/util-linux/probe.ts';
import { absentPaths, formerFilesOf, wordingOf } from './held-paths.ts';
import { assertHeld } from './held-snapshot.ts';
import { aroundHooks } from './hooks.ts';
import { observeScene } from '../layers/observe-scene.ts';
import { lookAtSource, type SourceLook } from './look-at-source.ts';
import { type Desks, openSources } from './open-sources.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';

export interface Job {
  readonly service: ServiceConfig;
  readonly backup: BackupConfig;
  readonly repository: RepositoryConfig;
}

export const nameOf = (job: Job): string => jobName(job.service.name, job.repository.name);

interface Copied {
  /** When reading began: what was written later may not be in the copy. */
  readonly at: Instant;
  readonly summary: BackupSummary;
  readonly missing: readonly string[];
  readonly empty: readonly string[];
  /** Declared, and only a symbolic link: what it points to is not in the snapshot. */
  readonly links: readonly string[];
  /** Declared and copied, and not in the snapshot. */
  readonly absent: readonly string[];
  /** How restic was asked: see held-paths.ts. */
  readonly wording: string;
  /** Files in the copy before this one; 0 when there is none. */
  readonly formerFiles: number;
  /** In what the source was not what was asked for. */
  readonly shortOf: readonly string[];
  /** What could not be cleaned up after the copy was made, in sentences. */
  readonly left: readonly string[];
  readonly source: Evidence['detail'];
}

export async function backUp(job: Job, toolbox: Toolbox, desks: Desks, context: StepContext): Promise<StepResult> {
  let copied: Copied | null = null;
  const reasons: string[] = [];
  try {
    await using _hooks = await aroundHooks(context, job.service.name, job.backup.hooks, secretFilesOf(job.repository));
    copied = await copy(job, toolbox, desks, context);
  } catch (error) {
    // The snapshot exists all the same: what failed is the clean-up that its owner asked for.
    if (!copied || !(error instanceof HoldfastError) || error.code !== 'hook-failed') throw error;
    reasons.push(`the after hook failed: ${error.message}`);
  }
  reasons.push(...copied.left);
  const incomplete = [...shortcomings(copied), ...shrinkage(job, toolbox, copied)];
  for (const path of copied.empty) if (incomplete.length === 0) context.warn(`${path} is empty`);
  return resultOf(job, copied, incomplete, [...incomplete, ...reasons]);
}

async function copy(job: Job, toolbox: Toolbox, desks: Desks, context: StepContext): Promise<Copied> {
  const { service, backup, repository } = job;
  const before = await lookBefore(job, context);
  const access = withFeatures(await accessTo(toolbox, repository, context.signal), backup, context);
  const subject = { name: nameOf(job), ...job };
  await using held = new AsyncDisposableStack();
  const view = held.use(await openSources(subject, before.present, access, { toolbox, desks, context }));
  const request: BackupRequest = {
    paths: [...before.present, ...(backup.dumps === null ? [] : [backup.dumps.place])],
    // '*.db' keeps torn live files out; what is declared as a database is in all the same.
    excludes: [
      ...backup.exclude,
      ...view.included.map((path) => `!${literalPattern(path)}`),
      ...view.leftOut.map(literalPattern),
    ],
    tags: [jobTag(service.name), ...backup.tags],
    host: toolbox.host,
    estimate: toolbox.estimate ?? true,
    wrap: (argv) => view.wrap(argv),
  };
  const onProgress = (progress: BackupProgress): void => context.progress(liveFigures(progress));
  const summary = await pastLocks(access, context, (retryLock) =>
    resticBackup(access, { ...request, retryLock }, { signal: context.signal, onProgress }),
  );
  const lost = await view.lost(uncancelled());
  const [after, left] = await Promise.all([
    presenceOf(before.present, uncancelled()),
    closed(held.move()), // meanwhile: whatever removes a snapshot waits for the disk
    assertHeld(repository, summary.snapshotId, nameOf(job)),
  ]);
  const missing = [...before.missing, ...after.missing];
  const expected = [...after.present, ...view.expected];
  const wording = wordingOf(request, expected);
  const last = lastCopy(job, toolbox);
  const absent = last?.detail['wording'] === wording ? [] : await absentPaths(access, summary.snapshotId, expected);
  const formerFiles = last ? Number(last.detail['files'] ?? 0) : await formerFilesOf(access, request, summary);
  return {
    at: view.at,
    summary,
    missing,
    empty: after.empty,
    links: after.links,
    absent,
    wording,
    formerFiles,
    shortOf: [...before.layered, ...view.shortcomings, ...lost],
    left,
    source: view.detail,
  };
}

/** What somebody has chosen for restic stays. */
function withFeatures(access: ResticAccess, { useSnapshots }: BackupConfig, context: StepContext): ResticAccess {
  if (!useSnapshots || process.env['RESTIC_FEATURES'] || access.env['RESTIC_FEATURES']) return access;
  const version = textAt(context.resultOf(stepId.preflight('tool', 'restic')) ?? {}, 'version');
  return { ...access, env: { ...access.env, ...featuresForSnapshots(version) } };
}

/** The copy is made, and is one, whatever stays behind: that is recorded, and tried again by the next run. */
async function closed(sources: AsyncDisposableStack): Promise<string[]> {
  try {
    await sources.disposeAsync();
    return [];
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [`cleaning up failed: ${error.message}`];
  }
}

/** What the preflight saw: what came or went since then is seen afterwards. With hooks, which may bring the data, it did not look. */
async function lookBefore({ service, backup }: Job, context: StepContext): Promise<SourceLook> {
  const seen = context.resultOf(stepId.preflight('source', service.name));
  const of = (state: 'present' | 'missing'): string[] =>
    backup.paths.filter((path) => asArray(seen?.[state]).includes(path));
  if (seen) return { present: of('present'), missing: of('missing'), layered: asArray(seen['layered']).map(String) };
  return await lookAtSource(service, backup, await observeScene([service], context.signal), context.signal);
}

const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const liveFigures = (progress: BackupProgress): Progress => ({
  bytesDone: progress.bytesDone,
  bytesTotal: progress.bytesTotal,
  filesDone: progress.filesDone,
  filesTotal: progress.filesTotal,
  ...(progress.secondsRemaining === null ? {} : { secondsRemaining: progress.secondsRemaining }),
});

/** Once the copy is made, it must not be forgotten because the run is cancelled: a look has a time limit of its own. */
const uncancelled = (): AbortSignal => new AbortController().signal;

function shortcomings({ summary, missing, links, absent, shortOf }: Copied): string[] {
  const reasons: string[] = [...shortOf];
  if (missing.length > 0) reasons.push(`missing: ${missing.join(', ')}`);
  if (links.length > 0) {
    reasons.push(`${links.join(', ')}: only the symbolic link is in the snapshot; declare what it points to`);
  }
  if (absent.length > 0) reasons.push(`not in the snapshot (does an exclude match?): ${absent.join(', ')}`);
  if (summary.unreadable.length > 0) {
    const first = summary.unreadable[0];
    reasons.push(`${summary.unreadableCount} unreadable, first ${first?.path ?? ''}: ${first?.message ?? ''}`);
  } else if (summary.incomplete) {
    reasons.push('restic could not read everything');
  }
  return reasons;
}

const lastCopy = ({ service, repository }: Job, { journal }: Toolbox): Evidence | undefined =>
  journal.evidence({ service: service.name, repository: repository.name, kind: 'backup', complete: true, limit: 1 })[0];

/** A source that had files and has none is a disaster that looks like a quick backup. */
function shrinkage(job: Job, toolbox: Toolbox, { summary, empty, formerFiles }: Copied): string[] {
  if (job.backup.allowEmpty) return [];
  const allow = 'set allowEmpty: true if that is right';
  if (formerFiles > 0 && summary.totalFiles === 0)
    return [`shrank from ${formerFiles} file${formerFiles === 1 ? '' : 's'} to 0; ${allow}`];
  const last = lastCopy(job, toolbox);
  if (!last) return [];
  const wasEmpty = new Set<unknown>(Array.isArray(last.detail['empty']) ? last.detail['empty'] : []);
  const before = last.detail['paths'];
  const wasThere = (path: string): boolean => !Array.isArray(before) || before.includes(path);
  return empty
    .filter((path) => wasThere(path) && !wasEmpty.has(path))
    .map((path) => `${path} is empty, it was not before; ${allow}`);
}

function resultOf(
  job: Job,
  { at, summary, empty, wording, source }: Copied,
  incomplete: readonly string[],
  reasons: readonly string[],
): StepResult {
  const evidence: Evidence = {
    kind: 'backup',
    service: job.service.name,
    repository: job.repository.name,
    snapshotId: summary.snapshotId,
    at,
    complete: incomplete.length === 0,
    detail: {
      tool: 'restic',
      place: placeOf(job.repository),
      files: summary.totalFiles,
      bytes: summary.bytesProcessed,
      paths: job.backup.paths,
      empty,
      wording,
      source,
    },
  };
  return {
    outcome: reasons.length === 0 ? 'succeeded' : 'partial',
    reason: reasons.length === 0 ? null : reasons.join('; '),
    evidence: [evidence],
    result: {
      service: job.service.name,
      repository: job.repository.name,
      snapshotId: summary.snapshotId,
      filesNew: summary.filesNew,
      filesChanged: summary.filesChanged,
      filesUnmodified: summary.filesUnmodified,
      bytesProcessed: summary.bytesProcessed,
      bytesAdded: summary.bytesAdded,
      filesUnreadable: summary.unreadable.map(({ path }) => path),
      ...source,
    },
  };
}
