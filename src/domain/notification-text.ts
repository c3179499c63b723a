// In which words something is told: what, since when, why, what is still safe, what to do. For somebody who was just woken up,
// reads it on a phone, and has to know whether it can wait. Pure.

import type { Phase, Telling } from './advance-problems.ts';
import { describeDuration, duration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';
import { localMinute } from './local-time.ts';
import { type Item, type MessageKind, type OpenProblem, STARTED_EMPTY } from './notification.ts';

export interface Words {
  readonly title: string;
  readonly body: string;
}

export interface Scene {
  readonly host: string;
  readonly now: Instant;
  /** What is left of it that can be relied upon: 'the copy of 2026-01-01 02:00 in nas (5h old)'; null: nothing is said. */
  readonly safe: (problem: Pick<OpenProblem, 'item' | 'cause'>) => string | null;
}

/** As many are listed; of the others the number. */
const MOST_LISTED = 25;
const MOST_TAIL = 5;

const VERBS: Readonly<Partial<Record<MessageKind, string>>> = {
  'backup-failure': 'Failed',
  partial: 'Incomplete',
  stale: 'Too old',
  'verify-failure': 'Failed',
  'drill-failure': 'Failed',
  'preseed-failure': 'Not recovered',
  'sanoid-failure': 'Failed',
  'syncoid-lag-warning': 'Replication failed',
  'dataset-drift': 'Not as declared',
  'pool-failure': 'Not well',
  'capacity-warning': 'Nearly full',
  'capacity-critical': 'Almost full',
  'hold-forgotten': 'Not released',
  undelivered: 'Not delivered',
};

/** One and many, with the words that lead to the service and to the repository. */
const NOUNS: Readonly<Record<string, readonly [one: string, many: string, of: string, at: string]>> = {
  backup: ['backup', 'backups', 'of', 'to'],
  copy: ['copy', 'copies', 'of', 'in'],
  run: ['backup that was due', 'backups that were due', 'of', 'to'],
  verify: ['verification', 'verifications', 'of', 'of'],
  scrub: ['verification', 'verifications', 'of', 'of'],
  drill: ['drill', 'drills', 'of', 'from'],
  retention: ['retention', 'retentions', 'of', 'of'],
  prune: ['prune', 'prunes', 'of', 'of'],
  refresh: ['look', 'looks', 'of', 'into'],
  configuration: ['copy of the configuration', 'copies of the configuration', 'of', 'in'],
  recover: ['recovery', 'recoveries', 'of', 'from'],
  unit: ['unit', 'units', 'of', 'to'],
  drift: ['comparison', 'comparisons', 'of', 'of'],
  'postgres-archive': ['archive', 'archives', 'of', 'in'],
  archive: ['look at the archive', 'looks at the archive', 'of', 'in'],
  'snapshot-take': ['taking of snapshots', 'takings of snapshots', 'of', 'in'],
  'snapshot-prune': ['pruning of snapshots', 'prunings of snapshots', 'of', 'in'],
  replicate: ['replication', 'replications', 'of', 'of'],
  lag: ['replication', 'replications', 'of', 'to'],
  'snapshot-age': ['newest snapshot', 'newest snapshots', 'of', 'of'],
  hold: ['hold of timers', 'holds of timers', 'of', 'of'],
  leftovers: ['leftovers', 'leftovers', 'of', 'of'],
  load: ['configuration', 'configurations', 'of', 'of'],
  deliver: ['messages', 'channels', 'to', 'to'],
};

/** What is a thing and nothing that is done: many of them. */
const THINGS: Readonly<Record<string, string>> = { pool: 'pools and datasets' };

/** 'backup of sonarr to nas', 'verification of nas', 'sanoid.service'. */
export function nameOf({ operation, service, repository, unit, dataset, subject }: Item): string {
  const noun = NOUNS[operation];
  if (unit !== null) return unit;
  if (dataset !== null) return `dataset ${dataset}`;
  if (!noun) return `${operation} ${subject}`;
  if (operation === 'hold') return noun[0];
  if (service === null && repository === null) return `${noun[0]} ${noun[3]} ${subject}`;
  return [
    noun[0],
    ...(service === null ? [] : [noun[2], service]),
    ...(repository === null ? [] : [noun[3], repository]),
  ].join(' ');
}

function namesOf(items: readonly Item[]): string {
  const [first] = items;
  if (!first || items.length === 1) return first ? nameOf(first) : '';
  const operations = new Set(items.map(({ operation }) => operation));
  const noun = operations.size === 1 ? NOUNS[first.operation] : undefined;
  const repositories = new Set(items.map(({ repository }) => repository));
  const where = repositories.size === 1 && first.repository !== null ? ` ${noun?.[3] ?? 'in'} ${first.repository}` : '';
  return `${items.length} ${noun?.[1] ?? THINGS[first.operation] ?? 'jobs'}${where}`;
}

const PREFIX: Readonly<Record<Phase, string>> = { new: '', still: 'Still: ', over: 'Resolved: ' };

export function tellProblems({ kind, phase, problems }: Telling, scene: Scene): Words {
  const items = problems.map(({ item }) => item);
  const [first] = problems;
  const verb = phase === 'over' ? '' : `${verbOf(kind, items)}: `;
  const title = `${PREFIX[phase]}${verb}${namesOf(items)} (${scene.host})`;
  if (!first) return { title, body: '' };
  if (phase === 'over') return { title, body: lines(problems.map((each) => overLine(each, problems.length === 1))) };
  const body = problems.length === 1 ? oneProblem(first, phase, scene) : manyProblems(problems, first, scene);
  return { title, body };
}

/** What a run left, and what never ran, is told by kinds that have another word for it. */
function verbOf(kind: MessageKind, items: readonly Item[]): string {
  if (items.every(({ outcome }) => outcome === 'missed')) return 'Did not run';
  if (items.every(({ operation }) => operation === 'leftovers')) return 'Not cleaned up';
  if (items.every(({ operation }) => operation === 'snapshot-age')) return 'Too old';
  return VERBS[kind] ?? 'Failed';
}

const lines = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join('\n');

function oneProblem(problem: OpenProblem, phase: Phase, scene: Scene): string {
  const { item, since } = problem;
  const lasted = phase === 'still' ? ` (for ${describeDuration(elapsed(since, scene.now))})` : '';
  const safe = scene.safe(problem);
  return lines([
    sentence(item.message),
    ...item.tail
      .filter((line) => !item.message.includes(line.trim()))
      .slice(-MOST_TAIL)
      .map((line) => `  | ${line}`),
    '',
    `Since: ${localMinute(since)}${lasted}`,
    safe === null ? null : `Safe: ${safe}`,
    todo([item]),
    detailsOf([item]),
  ]);
}

function manyProblems(problems: readonly OpenProblem[], first: OpenProblem, scene: Scene): string {
  const listed = problems.slice(0, MOST_LISTED);
  const more = problems.length - listed.length;
  const same = problems.every(({ item }) => item.message === first.item.message);
  return lines([
    ...(same ? [sentence(first.item.message), ''] : []),
    ...listed.map((problem) => {
      const { item, since } = problem;
      const safe = scene.safe(problem);
      const what = same ? `since ${localMinute(since)}` : item.message;
      return `- ${nameOf(item)}${same ? ', ' : ': '}${what}${safe === null ? '' : `; safe: ${safe}`}`;
    }),
    more > 0 ? `- and ${more} more` : null,
    '',
    todo(problems.map(({ item }) => item)),
    detailsOf(problems.map(({ item }) => item)),
  ]);
}

function todo(items: readonly Item[]): string | null {
  const advice = adviceOf(items);
  return advice === null ? null : `To do: ${advice}`;
}

function overLine({ item, since, resolvedAt, toldAt }: OpenProblem, alone: boolean): string {
  const end = resolvedAt ?? item.at;
  const lasted = describeDuration(elapsed(since, end > since ? end : since));
  const what = alone ? 'As it should be again' : `- ${nameOf(item)}: as it should be again`;
  const was = toldAt === null ? ` It was: ${sentence(item.message)}` : '';
  return `${what} since ${localMinute(end)}, after ${lasted}.${was}`;
}

/** As it was said: it may begin with a path, or a name. */
const sentence = (text: string): string => `${text.trim()}${/[.!?]$/.test(text.trim()) ? '' : '.'}`;

/** What the errors themselves advise, where they agree; otherwise the command that does again what did not work. */
function adviceOf(items: readonly Item[]): string | null {
  const hints = new Set(items.map(({ hint }) => hint));
  const [only] = hints;
  if (hints.size === 1 && typeof only === 'string') return only;
  const all = (of: (item: Item) => string | null): string[] => [...new Set(items.map(of).filter((each) => each !== null))];
  const [services, repositories] = [all(({ service }) => service), all(({ repository }) => repository)];
  const named = services.length > MOST_NAMED ? '' : services.map((name) => ` ${name}`).join('');
  const where = repositories.length === 1 ? ` --repository ${repositories[0]}` : '';
  switch (items[0]?.operation) {
    case 'backup':
    case 'copy':
    case 'run':
      return `holdfast run${named}${where}`;
    case 'drill':
      return `holdfast drill${named}${where}`;
    case 'verify':
    case 'scrub':
      return `holdfast verify ${repositories.join(' ')}`;
    case 'unit':
      return all(({ unit }) => unit)
        .map((unit) => `journalctl -n 50 -u ${unit}`)
        .join('; ');
    default:
      return only ?? null;
  }
}
const MOST_NAMED = 5;

function detailsOf(items: readonly Item[]): string | null {
  const runs = [...new Set(items.map(({ runId }) => runId).filter((runId) => runId !== null))];
  if (runs.length === 0) return null;
  return runs.length === 1 ? `Details: holdfast history show ${runs[0]}` : 'Details: holdfast history';
}

/** What happened and is over: a recovery, a gate. `said` is the message of its items, each a line. */
export function tellNote(kind: MessageKind, items: readonly Item[], scene: Scene): Words {
  const [first] = items;
  const many = items.length > 1;
  const subjects = many ? `${items.length} services` : (first?.subject ?? '');
  const title: Partial<Record<MessageKind, string | undefined>> = {
    'preseed-success': `Recovered: ${subjects}`,
    'preseed-skipped': `${first?.outcome === STARTED_EMPTY ? 'Starts empty' : 'Nothing to recover'}: ${subjects}`,
    'preseed-failure': `Not recovered: ${subjects}`,
    'gate-result': first?.outcome === 'succeeded' ? 'Safe to deploy' : first?.message.split(':')[0],
  };
  const listed = items.slice(0, MOST_LISTED);
  const took =
    first?.durationSeconds === null || !first || many ? null : describeDuration(duration(first.durationSeconds, 's'));
  return {
    title: `${title[kind] ?? kind} (${scene.host})`,
    body: lines([
      ...listed.map((item) => (many ? `- ${item.subject}: ${item.message}` : sentence(item.message))),
      items.length > listed.length ? `- and ${items.length - listed.length} more` : null,
      ...(many ? [] : (first?.tail ?? []).map((line) => `- ${line}`)),
      took === null ? null : `It took ${took}.`,
      many || !first?.hint ? null : `To do: ${first.hint}`,
      detailsOf(items),
    ]),
  };
}

/** Replaces each `${name}`; a name that is not known stays, and the configuration refuses it. */
export const fillTemplate = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => values[name] ?? whole);

/** What a template may mention; of many items each value once. */
export function placeholdersOf(items: readonly Item[], title: string, host: string): Record<string, string> {
  const all = (of: (item: Item) => string | null): string =>
    [...new Set(items.map(of).filter((value) => value !== null && value !== ''))].join(', ');
  return {
    serviceName: all(({ service, subject }) => service ?? subject),
    repository: all(({ repository }) => repository),
    host,
    unit: all(({ unit }) => unit),
    dataset: all(({ dataset }) => dataset),
    operation: all(({ operation }) => operation),
    outcome: all(({ outcome }) => outcome),
    title,
    errorMessage: all(({ message }) => message),
    hint: all(({ hint }) => hint),
    runId: all(({ runId }) => runId),
    startedAt: all(({ startedAt }) => (startedAt === null ? null : localMinute(startedAt))),
    duration: all(({ durationSeconds }) =>
      durationSeconds === null ? null : describeDuration(duration(durationSeconds, 's')),
    ),
  };
}
