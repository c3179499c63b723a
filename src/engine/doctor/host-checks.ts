// The host itself: programs, state directory, journal, leftovers, clock, and what the configuration warned of.

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConfigProblem } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import type { Instant } from '../../domain/instant.ts';
import { obstacle } from '../../journal/journal-failure.ts';
import type { Journal } from '../../journal/journal.ts';
import { openJournalReadOnly } from '../../journal/open-read-only.ts';
import { findProgram } from '../../process/find-program.ts';
import { mayBeAlive } from '../../process/identity.ts';
import { MINIMUM_RESTIC, requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { requireBinds } from '../../tools/util-linux/mount-namespace.ts';
import { fileSystemType, probePath } from '../../tools/util-linux/probe.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, warning } from './check.ts';
import { NEVER_BACKED_UP } from '../status/problems.ts';
import { withoutData } from './lost-data.ts';
import { readable } from './recorded.ts';
import { statusOf } from '../status/status.ts';

export const hostChecks = (input: DoctorInput): Check[] => [
  { id: 'restic', title: 'restic', run: (signal) => checkRestic(input, signal) },
  { id: 'tools', title: 'programs', run: async () => checkPrograms(input) },
  ...(usesDatabases(input)
    ? [{ id: 'namespace', title: 'databases', run: (signal: AbortSignal) => checkNamespace(input, signal) }]
    : []),
  { id: 'state-directory', title: 'state directory', run: (signal) => checkStateDirectory(input, signal) },
  { id: 'journal', title: 'journal', run: () => checkJournal(input) },
  { id: 'jobs', title: 'jobs', run: (signal) => checkJobs(input, signal) },
  { id: 'clock', title: 'clock', run: async () => [checkClock(input.clock.now())] },
  ...(input.config.warnings.length === 0
    ? []
    : [
        {
          id: 'configuration',
          title: 'configuration',
          run: async () => input.config.warnings.map(configWarning),
        },
      ]),
];

async function checkRestic({ restic }: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  const version = await resticVersion(restic, { signal });
  requireVersion(version, restic);
  return [ok(`${version.text} (${MINIMUM_RESTIC} or newer is needed), ${findProgram(restic) ?? restic}`)];
}

const usesDatabases = ({ config }: DoctorInput): boolean =>
  [...config.services.values()].some(({ backup }) => (backup?.databases.length ?? 0) > 0);

function checkPrograms(input: DoctorInput): Finding[] {
  const missing = (names: readonly string[]): string[] => names.filter((name) => findProgram(name) === null);
  const essential = missing(['flock', 'stat', ...(usesDatabases(input) ? ['unshare', 'mount'] : [])]);
  const useful = missing(['setpriv']);
  const how = 'Install util-linux and coreutils, or add their directory to PATH.';
  return [
    ...(essential.length > 0 ? [problem(`${essential.join(', ')} not found on PATH`, how)] : []),
    ...(useful.length > 0
      ? [warning(`${useful.join(', ')} not found on PATH: what Holdfast starts would outlive it when it is killed`, how)]
      : []),
    ...(essential.length + useful.length === 0 ? [ok('flock, unshare, setpriv, stat')] : []),
  ];
}

async function checkNamespace({ user }: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  await requireBinds('SQLite databases', user, signal);
  return [ok('a private mount namespace can be made')];
}

/** File systems on which neither SQLite's locking nor flock can be relied on. */
const REMOTE = /^(?:nfs|nfsd|cifs|smb|smb2|smbfs|fuse|fuseblk|ceph|afs|9p|v9fs|glusterfs)$/;
const LITTLE = 1e9 as Bytes;
const TOO_LITTLE = 1e8 as Bytes;

async function checkStateDirectory({ config: { stateDir } }: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  const path = await nearestExisting(stateDir, signal);
  const barred = obstacle(join(path, 'journal.db'));
  if (barred?.paths.includes(path)) return [problem(barred.message, barred.hint)];
  const type = await fileSystemType(path, signal);
  const free = await freeSpace(path, signal);
  const findings: Finding[] = [];
  if (REMOTE.test(type)) {
    findings.push(
      warning(`${stateDir} is on ${type}: locks and the journal need a local file system`, 'Move it with stateDir.'),
    );
  }
  if (free < LITTLE) {
    const tell = free < TOO_LITTLE ? problem : warning;
    findings.push(
      tell(
        `only ${describeBytes(free)} are free at ${path}`,
        'Free space there: the journal and copies of databases are kept in it.',
      ),
    );
  }
  const made = path === stateDir ? '' : ' (will be made by the first run)';
  return findings.length > 0 ? findings : [ok(`${stateDir}${made}, ${type}, ${describeBytes(free)} free`)];
}

async function nearestExisting(path: string, signal: AbortSignal): Promise<string> {
  if ((await probePath(path, signal)) !== null || path === dirname(path)) return path;
  return await nearestExisting(dirname(path), signal);
}

async function checkJournal({ config: { stateDir } }: DoctorInput): Promise<Finding[]> {
  using journal = openJournalReadOnly(stateDir);
  if (journal === null) return [ok('nothing has been recorded yet')];
  return [...(await damagedJournals(stateDir)), ...closedJournal(stateDir), ...unfinishedRuns(journal)];
}

/** Those that were moved aside. */
async function damagedJournals(stateDir: string): Promise<Finding[]> {
  const names = (await readdir(stateDir)).filter((name) => /^journal\.db\.damaged-[\dTZ-]+$/.test(name)).toSorted();
  if (names.length === 0) return [];
  const detail = `history was lost when the journal was found damaged: ${names.join(', ')} in ${stateDir}`;
  const fix = `holdfast status --refresh finds what the repositories hold; then remove it: rm ${join(stateDir, 'journal.db.damaged-*')}`;
  return [warning(detail, fix)];
}

/** It can be read, and nothing can be recorded in it. A directory that cannot be written is told by its own check. */
function closedJournal(stateDir: string): Finding[] {
  const barred = obstacle(join(stateDir, 'journal.db'));
  if (barred === null || barred.paths.includes(stateDir)) return [];
  return [problem(`${barred.message}: every run will fail`, barred.hint)];
}

function unfinishedRuns(journal: Journal): Finding[] {
  const unfinished = journal.unfinishedRuns();
  const dead = unfinished.filter((run) => !mayBeAlive(run.process));
  const alive = unfinished.filter((run) => !dead.includes(run)).map((run) => `${run.kind} ${run.id}`);
  if (dead.length === 0) return [ok(`sound${alive.length > 0 ? `; running now: ${alive.join(', ')}` : ''}`)];
  const effects = dead.flatMap((run) => run.effects).map((effect) => effect.kind);
  const left = effects.length === 0 ? 'nothing is left of it' : `left to clean up: ${effects.join(', ')}`;
  return [
    warning(
      `died before its end: ${dead.map((run) => `${run.kind} ${run.id}`).join(', ')}; ${left}`,
      'The next run cleans up by itself.',
    ),
  ];
}

/** What is declared and not done, as `status` tells it; the same about many is one finding. */
async function checkJobs({ config, clock }: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  const opened = readable(config.stateDir);
  if (opened === 'unreadable') return [warning('not known: the journal cannot be read', null)];
  using recorded = opened;
  const journal: Parameters<typeof statusOf>[0]['journal'] = {
    evidence: (filter) => recorded?.evidence(filter) ?? [],
    evidenceOfEach: (jobs, filter) => recorded?.evidenceOfEach(jobs, filter) ?? [],
    latestStep: (id) => recorded?.latestStep(id) ?? null,
    latestSteps: (ids) => recorded?.latestSteps(ids) ?? [],
    unfinishedRuns: () => [], // the check of the journal tells of those
    keptEffects: (kind) => recorded?.keptEffects(kind) ?? [],
    notifications: recorded?.notifications ?? { standing: () => [], problems: () => [] },
  };
  const services = [...config.services.values()];
  const { problems: told } = statusOf({ config, services, journal, now: clock.now() });
  const lost = told.some(({ message }) => message === NEVER_BACKED_UP) ? await withoutData(services, signal) : [];
  const problems = told.map((each) =>
    each.message === NEVER_BACKED_UP && lost.includes(each.subject)
      ? { ...each, message: NOTHING_HERE, hint: `holdfast recover ${each.subject}` }
      : each,
  );
  if (problems.length === 0) return [ok('every declared service has its jobs, and each has run')];
  return [...Map.groupBy(problems, ({ message }) => message)].map(([message, alike]) => {
    const [first] = alike;
    // A job that never ran is not broken: it may be new.
    const tell = first?.severity === 'warning' || message === NEVER_BACKED_UP ? warning : problem;
    const many = alike.length > 1 ? ` (${alike.length})` : '';
    const hint = (alike.length > 1 ? FOR_ALL.get(message) : null) ?? first?.hint ?? null;
    return tell(`${message}${many}: ${alike.map(({ subject }) => subject).join(', ')}`, hint);
  });
}

/** A backup of nothing is not what it needs. */
const NOTHING_HERE = 'no backup is on record, and none of its data is here';
const FOR_ALL = new Map([
  [NEVER_BACKED_UP, 'holdfast run'],
  [NOTHING_HERE, 'holdfast recover'],
]);

/** Before this program was written. */
const EARLIEST = Date.parse('2026-01-01T00:00:00Z');

export const checkClock = (now: Instant): Finding =>
  now < EARLIEST
    ? problem(
        `it says ${new Date(now).toISOString()}`,
        'Set it: ages, schedules and retention depend on it (timedatectl set-ntp true).',
      )
    : ok(new Date(now).toISOString());

const configWarning = ({ file, line, column, path, message }: ConfigProblem): Finding =>
  warning(`${path === '' ? '' : `${path}: `}${message}`, line === null ? file : `${file}:${line}:${column ?? 1}`);
