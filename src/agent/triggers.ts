// Runs that somebody asked for: started once for each idempotency key, also over a restart of the agent; what became of one that died
// before its run began is told here, for the journal has nothing of it.

import { join } from 'node:path';
import { z } from 'zod';
import type { Configuration } from '../config/configuration.ts';
import { EXIT } from '../domain/exit-code.ts';
import { duration } from '../domain/duration.ts';
import { formatInstant, type Instant } from '../domain/instant.ts';
import { jobName } from '../domain/naming.ts';
import { buildReport, type Report } from '../domain/report.ts';
import { holdInForce } from '../engine/gate/in-force.ts';
import { endOf } from '../engine/live/tell.ts';
import { nextRunId } from '../engine/runner/run-id.ts';
import { selectRepository, selectService } from '../engine/select.ts';
import type { Audit } from '../engine/tokens/audit.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';
import { readIfThere, replacePrivately } from '../lib/private-file.ts';
import { stopSignalOf } from '../lib/interruption.ts';
import type { EventHub } from './event-hub.ts';
import { Refusal } from './failures.ts';
import { type JobEnd, type Jobs, TRIGGERED_AT_ONCE } from './jobs.ts';

export interface TriggerRequest {
  readonly service: string;
  /** Null: all of the service's. */
  readonly repository: string | null;
  /** Null: each request is one of its own. */
  readonly key: string | null;
  /** Of the caller. */
  readonly by: string;
}

export interface Triggered {
  readonly runId: string;
  readonly service: string;
  readonly repository: string | null;
  /** An earlier request with the same key started it. */
  readonly repeated: boolean;
}

export interface TriggerWorld {
  readonly configuration: () => Configuration;
  readonly journal: { now(): Journal };
  readonly jobs: Jobs;
  readonly hub: EventHub;
  readonly audit: Audit;
  readonly clock: Clock;
}

const remembered = z.object({
  version: z.literal(1),
  triggers: z.array(
    z.object({
      runId: z.string(),
      service: z.string(),
      repository: z.string().nullable(),
      key: z.string().nullable(),
      by: z.string(),
      at: z.int().transform((at) => at as Instant),
      /** Why there never was a run; null as long as there may be one. */
      died: z.string().nullable(),
    }),
  ),
});
type Remembered = z.infer<typeof remembered>['triggers'][number];

const MOST = 500;
const KEY_LASTS = duration(1, 'd');
/** As long as the timers' own jobs wait for others. */
const PATIENCE = ['--wait', '12h'] as const;

export class Triggers {
  readonly #world: TriggerWorld;
  readonly #file: string;
  readonly #starting = new Set<string>();
  #known: readonly Remembered[];

  constructor(stateDir: string, world: TriggerWorld) {
    this.#world = world;
    this.#file = join(stateDir, 'agent-triggers.json');
    this.#known = read(this.#file);
  }

  /** Starts it, and answers at once. Throws `usage` (no such service), `refused` (a deployment holds), `busy`. */
  trigger(request: TriggerRequest): Triggered {
    const { configuration, journal, clock, audit } = this.#world;
    const now = clock.now();
    const earlier = request.key === null ? undefined : this.#ofKey(request, now);
    if (earlier) return answer(earlier, true);
    const service = selectService(configuration(), request.service);
    const { repository, by, key } = request;
    if (repository !== null) selectRepository(configuration(), repository);
    const into = service.backup?.repositories ?? [];
    if (repository === null ? into.length === 0 : !into.includes(repository)) throw nothingToRun(request);
    const held = holdInForce(journal.now());
    if (held) throw onHold(service.name, held.until);
    if (this.#starting.size >= TRIGGERED_AT_ONCE) throw tooMany(service.name);
    const runId = this.#nextId(now);
    const trigger = { runId, service: service.name, repository, key, by, at: now, died: null };
    this.#remember([trigger, ...this.#worthKeeping(now)]); // on disk before anything is started: a key means one run, whatever happens
    audit({ event: 'backup-trigger', by, runId, service: service.name, repository });
    this.#starting.add(runId);
    void this.#follow(trigger);
    return answer(trigger, false);
  }

  /** A run that the journal does not know; null when nobody asked for one of that id. */
  report(runId: string): Report | null {
    const trigger = this.#known.find((each) => each.runId === runId);
    if (!trigger) return null;
    const died = trigger.died ?? (this.#starting.has(runId) ? null : 'the agent ended before the run began');
    return buildReport({
      kind: 'run',
      id: runId,
      host: this.#world.configuration().host,
      startedAt: trigger.at,
      endedAt: died === null ? null : trigger.at,
      outcome: died === null ? 'running' : 'failed',
      exitCode: EXIT.failed,
      warnings: died === null ? ['it has not begun yet'] : [died],
      steps: [],
    });
  }

  async #follow({ runId, service, repository }: Remembered): Promise<void> {
    const { jobs, hub, journal } = this.#world;
    const into = repository === null ? [] : ['--repository', repository];
    let end: JobEnd;
    try {
      end = await jobs.run({ argv: ['run', service, ...into, ...PATIENCE], subject: service, runId });
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      end = { exitCode: null, lastWords: [stopSignalOf(error) === null ? said : 'the agent was told to stop'] };
    }
    this.#starting.delete(runId);
    const run = recorded(journal, runId);
    if (run) {
      hub.publish(endOf(run));
      return;
    }
    const why = end.lastWords.join('\n') || `it ended with ${end.exitCode ?? 'a signal'} and said nothing`;
    const known = this.#known.map((each) => (each.runId === runId ? { ...each, died: `no run began: ${why}` } : each));
    try {
      this.#remember(known);
    } catch {
      this.#known = known; // a full disk, say: it is told all the same, as long as this agent lives
    }
    const report = this.report(runId);
    if (report) hub.publish(endOf(report, why));
  }

  #ofKey({ key, by, service, repository }: TriggerRequest, now: Instant): Remembered | undefined {
    const same = this.#known.find((each) => each.key === key && each.by === by && now - each.at < KEY_LASTS);
    if (same && (same.service !== service || same.repository !== repository)) {
      throw new Refusal(422, {
        code: 'usage',
        subject: 'Idempotency-Key',
        message: `that key was used for ${nameOf(same)} before`,
        hint: 'Use another key for another request.',
      });
    }
    return same;
  }

  /** Later than every run, and than every one that was promised and has not begun. */
  #nextId(now: Instant): string {
    const { journal } = this.#world;
    const newest = [journal.now().newestRunId() ?? '', ...this.#starting].toSorted().at(-1) ?? '';
    return nextRunId({ newestRunId: () => (newest === '' ? null : newest) }, now);
  }

  /** Where it cannot be written nothing is remembered, so that nothing is started either. */
  #remember(triggers: readonly Remembered[]): void {
    replacePrivately(this.#file, JSON.stringify({ version: 1, triggers }));
    this.#known = triggers;
  }

  /** Those whose key still counts, those that have not begun, and the newest of the others. */
  #worthKeeping(now: Instant): Remembered[] {
    const counts = ({ key, at, runId }: Remembered): boolean =>
      (key !== null && now - at < KEY_LASTS) || this.#starting.has(runId);
    return this.#known.filter((each, index) => index < MOST || counts(each));
  }
}

/** What cannot be read is nothing to remember: at worst a request that is repeated runs twice. */
function read(file: string): Remembered[] {
  const text = readIfThere(file);
  if (text === null) return [];
  try {
    return remembered.parse(JSON.parse(text)).triggers;
  } catch {
    return [];
  }
}

function recorded(journal: TriggerWorld['journal'], runId: string): Report | null {
  try {
    return journal.now().run(runId);
  } catch {
    return null; // unreadable at this moment: the next look at the journal tells of it
  }
}

const answer = ({ runId, service, repository }: Remembered, repeated: boolean): Triggered => ({
  runId,
  service,
  repository,
  repeated,
});

const nameOf = ({ service, repository }: Pick<Remembered, 'service' | 'repository'>): string =>
  repository === null ? service : jobName(service, repository);

const nothingToRun = ({ service, repository }: TriggerRequest): Refusal =>
  new Refusal(422, {
    code: 'usage',
    subject: repository === null ? service : jobName(service, repository),
    message: repository === null ? `nothing of ${service} is backed up` : `${service} is not backed up to ${repository}`,
    hint: 'See `holdfast config show`.',
  });

const onHold = (service: string, until: Instant | null): Refusal =>
  new Refusal(409, {
    code: 'refused',
    subject: service,
    message: `a deployment holds the backups of this host ${until === null ? 'as long as its command runs' : `until ${formatInstant(until)}`}`,
    hint: 'Try again when it is over; whoever holds ends it with `holdfast gate release`.',
  });

const tooMany = (service: string): Refusal =>
  new Refusal(429, {
    code: 'busy',
    subject: service,
    message: `${TRIGGERED_AT_ONCE} runs that were asked for have not ended`,
    hint: 'Ask again when some have.',
  });
