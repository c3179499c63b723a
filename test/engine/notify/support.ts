// A host with services, a journal, a clock that a test turns, and channels that write down what they are given.

import { ulid } from 'ulid';
import type { ChannelConfig, Configuration, NotificationsConfig } from '../../../src/config/configuration.ts';
import { duration, type Duration } from '../../../src/domain/duration.ts';
import { formatInstant, type Instant, later } from '../../../src/domain/instant.ts';
import type { Message } from '../../../src/domain/notification.ts';
import { stepId } from '../../../src/domain/naming.ts';
import { plannedStep } from '../../../src/domain/report.ts';
import { verdictOf } from '../../../src/domain/verdict.ts';
import { flushNotifications, type FlushOptions, type FlushResult } from '../../../src/engine/notify/flush.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { type ErrorCode, errorReport, HoldfastError } from '../../../src/lib/errors.ts';
import { type ProcessIdentity, selfIdentity } from '../../../src/process/identity.ts';
import type { Channel } from '../../../src/observe/notify/channel.ts';
import { noLocks } from '../../../src/repositories/broker.ts';
import { plan, step } from '../../support/plans.ts';
import { backup, configuration, repository, service, STANDARD, VERIFICATION } from '../support/host.ts';

export const START = new Date(2026, 2, 2, 0, 0).getTime() as Instant; // a Monday, by the clock of this machine

export const channel = (name: string, parts: Partial<ChannelConfig> = {}): ChannelConfig => ({
  name,
  minPriority: 'low',
  events: null,
  services: [],
  jobs: [],
  quietHours: null,
  to: { type: 'ntfy', url: 'https://ntfy.example/topic' },
  ...parts,
});

export interface Failing {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}
/** How a job came out; `died`: its process was killed. */
export type Out = 'succeeded' | 'partial' | 'died' | 'stopped' | Failing;

/** Nobody has that number, and began then. */
export const DEAD: ProcessIdentity = { ...selfIdentity(), pid: 4_194_303, startTicks: '1' };

export class NotifiedHost implements Disposable {
  now = START;
  readonly journal: Journal;
  readonly sent: { readonly channel: string; readonly message: Message; readonly at: Instant }[] = [];
  /** What a channel does instead of taking a message. */
  readonly broken = new Map<string, Channel['deliver']>();
  readonly attempts = new Map<string, number>();
  readonly services: readonly string[];
  notifications: NotificationsConfig;
  frequency = 'daily';
  rpo = duration(50, 'h');
  gates: Configuration['gates'] = new Map();
  replication: Configuration['replication'] = { snapshots: { adopt: 'beside', datasets: [] }, targets: [] };
  verification: Configuration['verification'] = {
    ...VERIFICATION,
    enable: false,
    drills: { ...VERIFICATION.drills, enable: false },
  };

  constructor(
    services: readonly string[],
    channels: readonly ChannelConfig[] = [channel('phone')],
    journal = openTransientJournal(),
  ) {
    this.services = services;
    this.journal = journal;
    this.notifications = { channels, templates: {}, summary: null };
  }

  get config(): Configuration {
    const protection = { ...STANDARD, rpo: this.rpo, offsiteRpo: null };
    return configuration({
      repositories: new Map(
        ['nas', 'offsite'].map(
          (name) => [name, repository(name, { password: { kind: 'command', argv: ['true'] } })] as const,
        ),
      ),
      services: new Map(
        this.services.map(
          (name) =>
            [
              name,
              service(name, { backup: { ...backup(['nas', 'offsite']), frequency: this.frequency }, protection }),
            ] as const,
        ),
      ),
      verification: this.verification,
      notifications: this.notifications,
      gates: this.gates,
      replication: this.replication,
    });
  }

  /** Its other timers do their work, unless they do not. */
  maintained = true;
  #maintained = '';

  pass(time: Duration): void {
    this.now = later(this.now, time);
    const day = new Date(this.now).toDateString();
    if (!this.maintained || day === this.#maintained) return;
    this.#maintained = day;
    this.other('retention', stepId.retention('nas'));
    this.other('refresh', stepId.refresh('nas'));
  }

  /** A run of these jobs (`sonarr@nas`), from now on for a minute; answers with its id. */
  run(jobs: Readonly<Record<string, Out>>): string {
    const names = Object.entries(jobs);
    const isDead = names.some(([, out]) => out === 'died');
    const id = this.begin(Object.keys(jobs), isDead ? DEAD : selfIdentity());
    if (isDead) return id;
    this.end(id, jobs);
    return id;
  }

  begin(jobs: readonly string[], process = selfIdentity()): string {
    const id = ulid(this.now);
    const steps = jobs.map((job) => step(this.#id(job), { ...this.#parts(job), title: `Back up ${job}` }));
    this.journal.openRun({ id, plan: plan(steps, { kind: 'run', host: 'forge' }), startedAt: this.now, process });
    return id;
  }

  end(id: string, jobs: Readonly<Record<string, Out>>): void {
    const reports = Object.entries(jobs).map(([job, out]) => {
      const report = this.report(job, out);
      const parts = this.#parts(job);
      const { outcome } = report;
      const snapshotId = (Number(this.now) % 0xffff).toString(16).padStart(64, 'a');
      const fact = { kind: 'backup' as const, ...parts, snapshotId, at: this.now, detail: {} };
      this.journal.endStep(id, report, outcome === 'succeeded' ? [{ ...fact, complete: true }] : []);
      return report;
    });
    const stopped = Object.values(jobs).includes('stopped');
    this.journal.endRun(id, verdictOf(reports, stopped ? 'SIGTERM' : null), later(this.now, duration(1, 'm')));
  }

  /** A run of another kind, of one step that succeeds. */
  other(kind: string, stepOf: string, result: JsonObject | null = null): string {
    const id = ulid(this.now);
    const one = step(stepOf);
    const at = formatInstant(this.now);
    const report = {
      ...plannedStep(one),
      outcome: 'succeeded',
      result,
      startedAt: at,
      endedAt: at,
      durationSeconds: 1,
    } as const;
    const process = selfIdentity();
    this.journal.openRun({ id, plan: plan([one], { kind, host: 'forge' }), startedAt: this.now, process });
    this.journal.endStep(id, report, []);
    this.journal.endRun(id, verdictOf([report], null), this.now);
    return id;
  }

  /** What happens to lost data before its service starts, from a repository; null: there was nothing to do. */
  recovery(name: string, out: 'succeeded' | 'skipped' | Failing, place: string | null): void {
    const id = ulid(this.now);
    const one = step(stepId.recover(name), { service: name, ...(place === null ? {} : { repository: place }) });
    const end = later(this.now, duration(42, 's'));
    const failed = typeof out === 'object' ? new HoldfastError({ ...out, operation: 'recover', subject: name }) : null;
    const outcome = typeof out === 'object' ? 'failed' : out;
    const report = {
      ...plannedStep(one),
      outcome,
      reason: outcome === 'skipped' ? 'its data is there' : null,
      startedAt: formatInstant(this.now),
      endedAt: formatInstant(end),
      durationSeconds: 42,
      error: failed && errorReport(failed),
    } as const;
    const process = selfIdentity();
    this.journal.openRun({ id, plan: plan([one], { kind: 'recover', host: 'forge' }), startedAt: this.now, process });
    this.journal.endStep(id, report, []);
    this.journal.endRun(id, verdictOf([report], null), end);
  }

  /** A gate in which a unit failed. */
  gate(unit: string, message: string): void {
    this.failed('gate', stepId.unit(unit), message);
  }

  /** A run of one step in the midst of which its process was gone. */
  died(kind: string, stepOf: string): void {
    const id = ulid(this.now);
    const one = step(stepOf);
    this.journal.openRun({ id, plan: plan([one], { kind, host: 'forge' }), startedAt: this.now, process: DEAD });
    this.journal.startStep(id, stepOf, this.now);
  }

  /** A run of one step that failed. */
  failed(kind: string, stepOf: string, message: string): void {
    const id = ulid(this.now);
    const subject = stepOf.slice(stepOf.indexOf(':') + 1);
    const one = step(stepOf, { title: subject });
    const error = errorReport(new HoldfastError({ code: 'tool-failed', operation: 'run', subject, message }));
    const at = formatInstant(this.now);
    const report = {
      ...plannedStep(one),
      outcome: 'failed',
      startedAt: at,
      endedAt: at,
      durationSeconds: 1,
      error,
    } as const;
    const process = selfIdentity();
    this.journal.openRun({ id, plan: plan([one], { kind, host: 'forge' }), startedAt: this.now, process });
    this.journal.endStep(id, report, []);
    this.journal.endRun(id, verdictOf([report], null), this.now);
  }

  /** Of one step of a run that ends it. */
  report(job: string, out: Out) {
    const startedAt = formatInstant(this.now);
    const endedAt = formatInstant(later(this.now, duration(1, 'm')));
    const parts = this.#parts(job);
    const failed = typeof out === 'object' ? new HoldfastError({ ...out, operation: 'back up', subject: job }) : null;
    const outcome = failed
      ? ('failed' as const)
      : out === 'stopped'
        ? ('interrupted' as const)
        : (out as 'succeeded' | 'partial'); // died has no end
    return {
      ...plannedStep(step(this.#id(job), { ...parts, title: `Back up ${job}` })),
      outcome,
      startedAt,
      endedAt,
      durationSeconds: 60,
      error: failed && errorReport(failed),
      reason: outcome === 'partial' ? '3 files could not be read' : null,
    };
  }

  async flush(more: Partial<FlushOptions> = {}): Promise<FlushResult> {
    return await flushNotifications({
      config: this.config,
      journal: this.journal,
      broker: noLocks,
      clock: { now: () => this.now },
      signal: new AbortController().signal,
      chance: () => 0.5,
      open: ({ name }) => ({
        deliver: async (envelope, signal) => {
          this.attempts.set(name, (this.attempts.get(name) ?? 0) + 1);
          await this.broken.get(name)?.(envelope, signal);
          this.sent.push({ channel: name, message: envelope.message, at: this.now });
        },
      }),
      ...more,
    });
  }

  titles(name = 'phone'): string[] {
    return this.sent.filter((each) => each.channel === name).map(({ message }) => message.title);
  }

  [Symbol.dispose](): void {
    this.journal[Symbol.dispose]();
  }

  #parts(job: string): { service: string; repository: string } {
    const [name = '', place = ''] = job.split('@');
    return { service: name, repository: place };
  }

  #id(job: string): string {
    const { service: name, repository: place } = this.#parts(job);
    return stepId.backup(name, place);
  }
}

export const UNREACHABLE: Failing = { code: 'repository-unreachable', message: 'nas does not answer' };
