// What a run that has ended says: for each of its steps that somebody counts on, that it is wrong or as it should be, and what
// happened once. Pure: from the report alone. Which is told, and when, is domain/advance-problems.ts.

import type { Fact } from '../../domain/advance-problems.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import { type Item, type Note, type ProblemKind, STARTED_EMPTY } from '../../domain/notification.ts';
import { isLook } from '../../domain/plan.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import type { ErrorReport } from '../../lib/errors.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';

export interface RunFacts {
  readonly facts: readonly Fact[];
  readonly notes: readonly Note[];
}

/** By the word before the colon of a step's id. Other steps are nothing that anybody waits for. */
const KINDS: Readonly<Record<string, ProblemKind>> = {
  backup: 'backup-failure',
  retention: 'backup-failure',
  prune: 'backup-failure',
  refresh: 'backup-failure',
  configuration: 'backup-failure',
  verify: 'verify-failure',
  scrub: 'verify-failure',
  drill: 'drill-failure',
  'postgres-archive': 'backup-failure',
  recover: 'preseed-failure',
  drift: 'dataset-drift',
  dataset: 'dataset-drift',
  'snapshot-take': 'sanoid-failure',
  'snapshot-prune': 'sanoid-failure',
  replicate: 'syncoid-lag-warning',
  lag: 'syncoid-lag-warning',
};

/** What of a whole repository is wrong, whichever job finds it out. */
const OF_REPOSITORY: ReadonlySet<unknown> = new Set([
  'repository-unreachable',
  'repository-missing',
  'repository-locked',
  'repository-damaged',
  'wrong-password',
  'secret-unreadable',
  'not-mounted',
  'no-space',
  'timed-out',
  'busy',
]);

/** Whether a problem of that cause is one of the repository, so that what it holds cannot be had now. */
export const isOfRepository = (cause: string): boolean => OF_REPOSITORY.has(cause) && !PASSING.has(cause);
const PASSING: ReadonlySet<string> = new Set(['repository-locked', 'no-space', 'timed-out', 'busy']);

export const operationOf = ({ id }: Pick<StepReport, 'id'>): string => id.slice(0, id.indexOf(':'));

/** Somebody looks at what would be done: that says nothing of what is done, and they see for themselves how it comes out. */
const LOOKS: ReadonlySet<string> = new Set(['retention-plan']);
export const onlyLooks = ({ kind }: Pick<Report, 'kind'>): boolean => LOOKS.has(kind);

export function factsOf(report: Report): RunFacts {
  if (onlyLooks(report)) return { facts: [], notes: [] };
  const at = parseInstant(report.endedAt ?? report.startedAt) ?? (0 as Instant);
  const facts = report.steps.filter((step) => !isSaidElsewhere(step, report)).flatMap((step) => factOf(step, report, at));
  return { facts: [...facts, ...arrivedFacts(report)], notes: notesOf(report, at) };
}

/** A dataset of which nothing is left to send has no step: that its replica has everything is found where it is measured. */
function arrivedFacts({ steps }: Report): Fact[] {
  const own = new Set(steps.map(({ id }) => id));
  return steps.flatMap(({ id, result, endedAt }) => {
    const at = parseInstant(endedAt ?? '');
    const datasets = result?.['datasets'];
    if (operationOf({ id }) !== 'lag' || at === null || !Array.isArray(datasets)) return [];
    const target = id.slice('lag:'.length);
    return (datasets as readonly JsonObject[]) // as the step writes it
      .filter(({ lagSeconds }) => lagSeconds === 0)
      .map(({ dataset }) => stepId.replicate(typeof dataset === 'string' ? dataset : '', target))
      .filter((key) => !own.has(key))
      .map((key) => ({ type: 'well' as const, key, at }));
  });
}

/**
 * A gate that found something wrong before it began has started nothing: that is its answer, and nothing is known of the backups.
 * And where a repository is not as it should be, nobody is told that its files could be read, nor twice that they could not.
 */
function isSaidElsewhere(step: StepReport, report: Report): boolean {
  if (report.kind === 'gate' && step.outcome === 'blocked') return (lookOf(step, report)?.repository ?? null) === null;
  if (operationOf(step) !== 'scrub') return false;
  const verdict = report.steps.find(({ id }) => id === stepId.verify(step.repository ?? ''));
  if (verdict === undefined || !WRONG.has(verdict.outcome)) return false;
  return step.outcome === 'succeeded' || errorOf(step, report)?.message === errorOf(verdict, report)?.message;
}

function kindOf(step: StepReport): ProblemKind | null {
  const operation = operationOf(step);
  if (operation !== 'unit') return KINDS[operation] ?? null;
  const unit = step.id.slice('unit:'.length);
  if (unit.startsWith('sanoid')) return 'sanoid-failure';
  return unit.startsWith('syncoid') ? 'syncoid-lag-warning' : null;
}

/** Being asked to stop is not failing; being gone without a word is. */
export const diedOf = ({ outcome, exitCode }: Pick<Report, 'outcome' | 'exitCode'>): boolean =>
  outcome === 'interrupted' && exitCode === EXIT.failed;

const WRONG: ReadonlySet<string> = new Set(['failed', 'timed-out', 'blocked', 'partial']);

function factOf(step: StepReport, report: Report, endedAt: Instant): Fact[] {
  const kind = kindOf(step);
  if (kind === null) return [];
  const at = step.endedAt === null ? endedAt : (parseInstant(step.endedAt) ?? endedAt);
  const recovered = kind === 'preseed-failure' && step.outcome === 'skipped'; // there was nothing to recover
  const key = keyOf(step);
  if (step.outcome === 'succeeded' || recovered) return [{ type: 'well', key, at }];
  const died = step.outcome === 'interrupted' && diedOf(report);
  if (!WRONG.has(step.outcome) && !died) return [];
  const item = itemOf(step, report, at);
  const error = errorOf(step, report);
  const incomplete = step.outcome === 'partial' && kind === 'backup-failure';
  const what = died ? 'died' : `${error?.code ?? step.outcome}: ${plain(item)}`;
  const group = died
    ? `died ${report.id}`
    : item.repository !== null && OF_REPOSITORY.has(error?.code)
      ? `${item.repository} ${error?.code}`
      : `${item.repository ?? ''} ${what}`;
  const cause = died ? 'died' : OF_REPOSITORY.has(error?.code) ? String(error?.code) : what;
  const problem = { key, kind: incomplete ? ('partial' as const) : kind, cause, group, item };
  return [{ type: 'wrong', problem: { ...problem, source: 'run', patience: 0 } }];
}

const isOfDataset = (step: StepReport): boolean => KINDS[operationOf(step)] === 'dataset-drift';
/** A dataset is as declared when it was made so, and when a comparison finds it so. */
const keyOf = ({ id }: StepReport): string => id.replace(/^dataset:/, 'drift:');

/** The same cause reads the same for every service, and whatever the figures in it are. */
function plain({ message, service }: Item): string {
  const anonymous = service === null ? message : message.replaceAll(service, '*');
  return anonymous.replaceAll(/[0-9a-f]{8,}|\d+/g, '#');
}

/** Of a blocked step that of what it waited for: what was looked at for its repository, its service, or all. */
function errorOf(step: StepReport, report: Report): ErrorReport | null {
  if (step.error || step.outcome !== 'blocked') return step.error;
  return lookOf(step, report)?.error ?? null;
}

function lookOf(step: StepReport, { steps }: Report): StepReport | null {
  const concerns = (other: StepReport): boolean =>
    (other.repository === null || other.repository === step.repository) &&
    (other.service === null || other.service === step.service);
  return steps.find((other) => isLook(other) && other.error !== null && concerns(other)) ?? null;
}

export function itemOf(step: StepReport, report: Report, at: Instant): Item {
  const error = errorOf(step, report);
  const unit = operationOf(step) === 'unit' ? step.id.slice('unit:'.length) : null;
  return {
    subject: unit ?? step.id.slice(step.id.indexOf(':') + 1),
    service: step.service,
    repository: step.repository,
    unit,
    dataset: isOfDataset(step) ? step.id.slice(step.id.indexOf(':') + 1) : null,
    operation: operationOf(step),
    outcome: step.outcome,
    message: error?.message ?? step.reason ?? `it ended as ${step.outcome}`,
    tail: error?.tool?.stderrTail ?? [],
    hint: error?.hint ?? null,
    runId: report.id,
    startedAt: parseInstant(step.startedAt ?? report.startedAt),
    durationSeconds: step.durationSeconds,
    at,
  };
}

const GATE_WORDS: Readonly<Record<string, string>> = {
  succeeded: 'Safe to deploy',
  skipped: 'Safe to deploy',
  partial: 'Acceptable for deployment',
  interrupted: 'The gate was interrupted',
};

function notesOf(report: Report, at: Instant): Note[] {
  if (report.kind === 'gate') return [gateNote(report, at)];
  const recoveries = report.steps.filter((step) => operationOf(step) === 'recover');
  const back = recoveries.filter((step) => step.outcome === 'succeeded' && !startsEmpty(step));
  const empty = recoveries.filter((step) => step.outcome === 'succeeded' && startsEmpty(step));
  const nothing = recoveries.filter(({ outcome }) => outcome === 'skipped');
  const note = (kind: Note['kind'], items: readonly Item[], which = '', more: Partial<Note> = {}): Note[] =>
    items.length === 0 ? [] : [{ key: `${kind} ${report.id}${which}`, kind, items, ...more }];
  const told = (step: StepReport): Item => itemOf(step, report, at);
  return [
    ...note(
      'preseed-success',
      back.map((step) => recoveredItem(told(step), step)),
    ),
    ...note(
      'preseed-skipped',
      empty.map((step) => startedEmptyItem(told(step), step)),
      ' empty',
      { priority: 'high' },
    ),
    ...note('preseed-skipped', nothing.map(told)),
  ];
}

/** Where from, and why from nowhere better. */
function recoveredItem(item: Item, { result }: StepReport): Item {
  const repository = textAt(result ?? {}, 'repository') || item.repository; // the one that was planned may have been passed over
  const from = sourceOf(result ?? {}) || repository;
  const passed = passedOverBy(result).map(
    ({ source, repository: better, reason }) => `; not from ${source ?? `${better}`}: ${reason}`,
  );
  return { ...item, repository, message: `its data is back${from ? `, from ${from}` : ''}${passed.join('')}` };
}

/** A snapshot says of when it is: there may be a newer copy in a repository. */
function sourceOf(result: JsonObject): string {
  const [repository, snapshot, target] = ['repository', 'snapshot', 'target'].map((key) => textAt(result, key));
  if (!snapshot) return repository ?? '';
  return `${target ? `the replica on ${target}, ` : ''}${snapshot} of ${textAt(result, 'snapshotTime')}`;
}

interface PassedOver {
  readonly source?: string;
  readonly repository?: string;
  readonly reason: string;
}

const passedOverBy = (result: StepReport['result']): readonly PassedOver[] =>
  (result?.['passedOver'] ?? []) as unknown as PassedOver[]; // as the recovery wrote it

/** What is no recovery, and nothing to pass over: a person said so, and others should know. */
const startedEmptyItem = (item: Item, { result }: StepReport): Item => ({
  ...item,
  outcome: STARTED_EMPTY,
  message: `it starts without data: ${textAt(result ?? {}, 'reason')}`,
});
const startsEmpty = ({ result }: StepReport): boolean => result?.['action'] === 'start-empty';

function gateNote(report: Report, at: Instant): Note {
  const { counts, outcome } = report;
  const bad = report.steps.filter((step) => WRONG.has(step.outcome) || step.outcome === 'interrupted');
  const verdict = GATE_WORDS[outcome] ?? 'Do not deploy';
  const wrong = counts.failed + counts.timedOut + counts.blocked + counts.partial + counts.interrupted;
  const started = parseInstant(report.startedAt);
  return {
    key: `gate-result ${report.id}`,
    kind: 'gate-result',
    ...(outcome === 'failed' || outcome === 'timed-out' || diedOf(report) ? { priority: 'high' as const } : {}),
    items: [
      {
        subject: 'gate',
        service: null,
        repository: null,
        unit: null,
        dataset: null,
        operation: 'gate',
        outcome,
        message: `${verdict}: ${counts.succeeded} succeeded${wrong === 0 ? '' : `, ${wrong} did not`}`,
        tail: bad.map((step) => `${step.title}: ${step.error?.message ?? step.reason ?? step.outcome}`),
        hint: bad.find(({ error }) => error?.hint)?.error?.hint ?? null,
        runId: report.id,
        startedAt: started,
        durationSeconds: started === null ? null : (at - started) / 1000,
        at,
      },
    ],
  };
}
