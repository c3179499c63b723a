// Looks at the journal, and what systemd knows beyond it, and makes of it what is to be told, in one transaction: what was seen counts as told exactly when the
// messages about it are queued. It delivers nothing, and no backup knows of it.

import type { Configuration } from '../../config/configuration.ts';
import { channelsFor, channelsOfProblem, isTold, priorityOf } from '../../config/notification-route.ts';
import { advanceProblems, type Fact, type Phase, REST, type Telling } from '../../domain/advance-problems.ts';
import { BOUND, EXPIRY } from '../../domain/delivery.ts';
import type { Instant } from '../../domain/instant.ts';
import {
  type EventKind,
  type Item,
  type Message,
  type MessageKind,
  type Note,
  type OpenProblem,
  type Priority,
} from '../../domain/notification.ts';
import {
  fillTemplate,
  placeholdersOf,
  type Scene,
  tellNote,
  tellProblems,
  type Words,
} from '../../domain/notification-text.ts';
import { latestTimeOfDay } from '../../domain/quiet-hours.ts';
import type { Journal } from '../../journal/journal.ts';
import type { QueuedMessage } from '../../journal/notification-store.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import { withoutGhosts } from '../runner/dead-runs.ts';
import { statusOf, type StatusReport } from '../status/status.ts';
import { conditionsOf } from './conditions.ts';
import { factsOf, onlyLooks } from './facts.ts';
import { foundAgain } from './found-again.ts';
import { type KilledUnit, unrecordedFacts } from './killed-units.ts';
import type { StorageLook } from './look-at-storage.ts';
import { pingsOf } from './pings.ts';
import { stillDeclared } from './still-declared.ts';
import { safeOf } from './safe-copies.ts';
import { summaryDue, tellSummary } from './summary.ts';

export interface Observed {
  /** Runs that are told of from now on. */
  readonly runs: number;
  /** Messages that were queued for somebody, pings not counted. */
  readonly messages: number;
  /** Problems that are open, and were told. */
  readonly open: number;
  /** What runs have said and nobody was told yet: it waits for more of the same, to be told together. */
  readonly held: number;
  /** Problems that should be told, and that no channel takes. */
  readonly unheard: number;
}

const SUMMARY = 'summary';

/** What the journal does not know. */
export interface Outside {
  /** Why the configuration does not hold, where the one that is given is an older one. */
  readonly broken?: HoldfastError | null;
  readonly killed?: readonly KilledUnit[];
  readonly storage?: StorageLook | null;
}

/** `mask` takes secrets out of every text that is queued. */
export function observe(
  config: Configuration,
  journal: Journal,
  now: Instant,
  mask: (text: string) => string,
  { broken = null, killed = [], storage = null }: Outside = {},
): Observed {
  const store = journal.notifications;
  const oldNews = (now - EXPIRY) as Instant;
  const reports = journal.untoldRuns(oldNews).map(withoutGhosts(journal));
  const ended = reports.filter(({ outcome }) => outcome !== 'running');
  const running = reports.filter(({ outcome }) => outcome === 'running');
  const steps = running.flatMap((report) => report.steps);
  const open = steps.filter(({ outcome }) => outcome === 'running');
  const status = statusOf({ config, services: [...config.services.values()], journal, now });
  const found = ended.map(factsOf);
  const before = store.problems();
  const facts = inOrder(
    [...found.flatMap((each) => each.facts), ...foundAgain(ended, before), ...unrecordedFacts(config, journal, killed)],
    journal,
  );
  const desk = new Desk(config, status, now, mask);
  const { problems, tellings, unheard } = advanceProblems(
    before,
    {
      facts,
      conditions: conditionsOf({
        config,
        journal,
        status,
        now,
        broken,
        storage,
        open: before,
        working: new Set(open.map(({ id }) => id)),
      }),
      busy: new Set(steps.flatMap(({ repository }) => repository ?? [])), // what it found there is told at its end
      groupings: store.groupings((now - REST) as Instant),
      exists: (problem) => stillDeclared(config, problem),
      hears: (telling) => desk.receivers(telling).length > 0,
    },
    now,
  );
  const lastSummary = store.mark(SUMMARY);
  const due = summaryDue(config.notifications.summary, lastSummary, now);
  const messages = [
    ...tellings.map((telling) => desk.problems(telling)),
    ...gathered(found.flatMap(({ notes }) => notes)).map((note) => desk.note(note)),
    ...(due === null ? [] : [desk.summary(problems)]),
  ].filter((message) => message !== null);
  const pings = reports
    .flatMap((report) => pingsOf(report, config.notifications.channels, now))
    .map((ping) => masked(ping, mask));
  const summary = config.notifications.summary;
  const silent = new Set(unheard.flatMap((telling) => telling.problems.map(({ key }) => key)));
  store.record({
    at: now,
    told: ended.map(({ id }) => id),
    oldNews,
    problems,
    messages: [...messages, ...pings],
    marks: new Map(
      summary && (due !== null || lastSummary === null)
        ? [[SUMMARY, due ?? latestTimeOfDay(summary.at, summary.schedule, now)]]
        : [],
    ),
    bound: BOUND,
  });
  return {
    runs: ended.length,
    messages: messages.filter(({ channels }) => channels.length > 0).length,
    open: problems.filter(({ resolvedAt, toldAt }) => resolvedAt === null && toldAt !== null).length,
    held: problems.filter(({ source, toldAt, key }) => source === 'run' && toldAt === null && !silent.has(key)).length,
    unheard: unheard.flatMap((telling) => (isTold(config.notifications, telling.kind) ? telling.problems : [])).length,
  };
}

/** As it was found, whichever run ended first. What was found well meanwhile, by a run that was told long ago, comes after it. */
function inOrder(facts: readonly Fact[], journal: Pick<Journal, 'latestStep' | 'run'>): Fact[] {
  const since = facts.flatMap((fact): Fact[] => {
    const step = fact.type === 'wrong' ? journal.latestStep(fact.problem.key) : null;
    const at = step?.outcome === 'succeeded' ? step.endedAt : null;
    if (fact.type !== 'wrong' || step === null || at === null || at <= timeOf(fact)) return [];
    const run = journal.run(step.runId);
    return run !== null && onlyLooks(run) ? [] : [{ type: 'well', key: fact.problem.key, at }];
  });
  return [...facts, ...since].toSorted((a, b) => timeOf(a) - timeOf(b));
}

const timeOf = (fact: Fact): Instant => (fact.type === 'wrong' ? fact.problem.item.at : fact.at);

/** Recoveries of a boot are runs of their own, one for each service: told together. */
function gathered(notes: readonly Note[]): Note[] {
  const groups = Map.groupBy(notes, ({ kind, key }) => (kind === 'gate-result' ? key : kind));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ ...first, items: group.flatMap(({ items }) => items) }] : [];
  });
}

const masked = (queued: QueuedMessage, mask: (text: string) => string): QueuedMessage => ({
  ...queued,
  message: maskedMessage(queued.message, mask),
});

/** Every text in it. */
export const maskedMessage = (message: Message, mask: (text: string) => string): Message => ({
  ...message,
  title: mask(message.title),
  body: mask(message.body),
  items: message.items.map((item) => ({
    ...item,
    message: mask(item.message),
    hint: item.hint === null ? null : mask(item.hint),
    tail: item.tail.map(mask),
  })),
});

interface MessageParts {
  readonly priority?: Priority | null;
  readonly key?: string | null;
  /** Where it is known who gets it. */
  readonly channels?: readonly string[];
}

/** Where words become messages: templates are filled, priorities decided, receivers found. */
class Desk {
  readonly #config: Configuration;
  readonly #status: StatusReport;
  readonly #now: Instant;
  readonly #mask: (text: string) => string;
  readonly #scene: Scene;

  constructor(config: Configuration, status: StatusReport, now: Instant, mask: (text: string) => string) {
    this.#config = config;
    this.#status = status;
    this.#now = now;
    this.#mask = mask;
    this.#scene = { host: config.host, now, safe: (problem) => safeOf(status, problem) };
  }

  problems(telling: Telling): QueuedMessage | null {
    const items = telling.problems.map(({ item }) => item);
    const words = tellProblems(telling, this.#scene);
    return this.#message(kindOf(telling), telling.grouping, items, words, { channels: this.receivers(telling) });
  }

  /** Who is told of problems; that something is over, whoever would have been told that it began. */
  receivers(telling: Telling): readonly string[] {
    const { notifications } = this.#config;
    const kind = kindOf(telling);
    const items = telling.problems.map(({ item }) => item);
    if (kind === telling.kind) return channelsOfProblem(notifications, kind, items);
    if (!isTold(notifications, telling.kind) || !isTold(notifications, kind)) return [];
    return channelsFor(notifications.channels, { kind, priority: priorityOf(notifications, telling.kind), items });
  }

  note({ key, kind, items, priority }: Note): QueuedMessage | null {
    return this.#message(kind, key, items, tellNote(kind, items, this.#scene), { priority: priority ?? null, key });
  }

  summary(problems: readonly OpenProblem[]): QueuedMessage | null {
    return this.#message('summary', SUMMARY, [], tellSummary(this.#status, problems, this.#now), {});
  }

  #message(
    kind: Exclude<MessageKind, 'ping'>,
    grouping: string,
    items: readonly Item[],
    words: Words,
    { priority = null, key = null, ...given }: MessageParts,
  ): QueuedMessage | null {
    const { notifications } = this.#config;
    if (!isTold(notifications, kind)) return null;
    const template = notifications.templates[kind as EventKind];
    const own = template?.priority ?? priority ?? priorityOf(notifications, kind);
    const values = placeholdersOf(items, words.title, this.#config.host);
    const message: Message = {
      kind,
      priority: own,
      host: this.#config.host,
      title: template?.title ? fillTemplate(template.title, values) : words.title,
      body: template?.body ? fillTemplate(template.body, values) : words.body,
      items,
      at: this.#now,
      ping: null,
    };
    return {
      key,
      grouping,
      message: maskedMessage(message, this.#mask),
      channels: given.channels ?? channelsFor(notifications.channels, { kind, priority: own, items }),
    };
  }
}

const OVER: Phase = 'over';
const kindOf = ({ kind, phase }: Telling): Exclude<MessageKind, 'ping'> =>
  phase === OVER && kind !== 'undelivered' ? 'backup-recovered' : kind;
