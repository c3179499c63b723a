// The agent as a whole: takes its place, puts the parts together, and takes them apart again in the opposite order when it is told to
// stop. A run that it started is told to stop, too, and waited for, as one at a terminal is.

import type { Configuration } from '../config/configuration.ts';
import { duration } from '../domain/duration.ts';
import { formatInstant, type Instant } from '../domain/instant.ts';
import type { Health } from '../engine/api/health-shape.ts';
import { progressSocket } from '../engine/live/publisher.ts';
import { openAudit } from '../engine/tokens/audit.ts';
import { tokenReader } from '../engine/tokens/token-store.ts';
import type { Clock } from '../lib/clock.ts';
import { VERSION } from '../lib/version.ts';
import { groupNumber } from '../tools/getent/group.ts';
import { notifySystemd } from '../tools/systemd/notify.ts';
import { AgentJournal } from './agent-journal.ts';
import { beTheOnlyAgent } from './alone.ts';
import { EventHub } from './event-hub.ts';
import { Jobs, type Self } from './jobs.ts';
import { type Logger, openLog } from './log.ts';
import { listenOnNetwork, type Network } from './network.ts';
import { listenForProgress } from './progress-listener.ts';
import { watchRuns } from './runs-in-journal.ts';
import { beginSchedule, type Schedule } from './schedule.ts';
import type { Served } from './served.ts';
import { makeServer, putAway } from './server.ts';
import { Settings } from './settings.ts';
import { StatusAnswer } from './status-answer.ts';
import { Triggers } from './triggers.ts';
import { listenAt } from './unix-socket.ts';

export interface ServeOptions {
  readonly configuration: Configuration;
  /** Reads it again. */
  readonly load: () => Promise<Configuration>;
  /** How this program is called, with its configuration: what stands before `run`. */
  readonly self: Self;
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly log: { readonly human: boolean; readonly verbose: boolean; readonly write: (text: string) => void };
  /** Calls it each time that the configuration shall be read again. */
  readonly onReload: (reload: () => void) => void;
}

/** Resolves when it was told to stop and everything is put away. Throws `busy` when there is an agent already. */
export async function serve(options: ServeOptions): Promise<void> {
  const { configuration, clock, signal } = options;
  const { stateDir, agent } = configuration;
  const log = openLog(options.log);
  await using parts = new AsyncDisposableStack();
  const alone = parts.use(await beTheOnlyAgent(agent.socket, stateDir, signal));
  const end = AbortSignal.any([signal, alone.lost]);

  const journal = parts.use(new AgentJournal(stateDir, (text) => log.warn(text)));
  journal.now(); // an agent that can record nothing is none
  let schedule: Schedule | null = null; // the last to begin
  let network: Network | null = null;
  const settings = parts.use(
    new Settings(configuration, {
      load: options.load,
      clock,
      changed: (changed) => {
        log.info({ services: changed.services.size }, 'the configuration was read again');
        schedule?.follow(changed);
        network?.renew(log);
      },
      broken: (error) => log.error({ err: error }, 'the new configuration does not hold; the one before still does'),
    }),
  );
  options.onReload(() => void settings.reload());

  const hub = new EventHub(clock.now().toString(36));
  const jobs = new Jobs(options.self, stateDir, end);
  parts.defer(() => jobs.settled());
  const audit = openAudit(stateDir, clock, (error) => log.error({ err: error }, 'the audit cannot be written'));
  const current = (): Configuration => settings.current;
  const watched = parts.use(
    watchRuns(stateDir, journal, hub, (error) => log.warn({ err: error }, 'runs cannot be watched')),
  );
  parts.use(
    await listenForProgress(progressSocket(agent.socket), stateDir, {
      event: (event) => hub.publish(event),
      left: () => void setTimeout(() => watched.look(), duration(300, 'ms')).unref(),
    }),
  );
  watched.look();

  const startedAt = clock.now();
  const served: Served = {
    clock,
    configuration: current,
    journal,
    status: new StatusAnswer({ configuration: current, journal, clock }),
    triggers: new Triggers(stateDir, { configuration: current, journal, jobs, hub, audit, clock }),
    hub,
    health: () => healthOf({ settings, journal, hub, jobs, startedAt, schedule }),
  };

  const tokens = tokenReader(stateDir);
  const tokensUnread = once((error) => log.error({ err: error }, 'no token is good: they cannot be read'));
  const rules = { tokens, tokensUnread, audit, clock, log };
  const unix = await makeServer(served, { ...rules, over: 'unix', tls: null });
  parts.defer(() => putAway(unix));
  const group = await groupNumber(agent.group, end);
  if (group === null) log.warn(`there is no group ${agent.group}: nobody but the owner may use ${agent.socket}`);
  parts.use(await listenAt(unix.server, agent.socket, group));
  if (agent.tcp) network = parts.use(await listenOnNetwork(agent.tcp, served, rules));
  schedule = parts.use(await beginSchedule(configuration, { journal, jobs, clock, log }));

  log.info({ socket: agent.socket, tcp: agent.tcp ? `${agent.tcp.host}:${agent.tcp.port}` : null }, 'listening');
  await tellSystemd(log, 'ready', `listening on ${agent.socket}`);
  await aborted(end);
  log.info('stopping');
  await tellSystemd(log, 'stopping', 'stopping');
  if (alone.lost.aborted && !signal.aborted) throw alone.lost.reason;
}

/** What has not changed is told once, however many come upon it. */
function once(tell: (error: unknown) => void): (error: unknown) => void {
  let last = '';
  return (error) => {
    if (String(error) !== last) tell(error);
    last = String(error);
  };
}

/** systemd not knowing is no reason to end: it will say so itself when it is tired of waiting. */
async function tellSystemd(log: Logger, state: 'ready' | 'stopping', status: string): Promise<void> {
  try {
    await notifySystemd(state, status, new AbortController().signal);
  } catch (error) {
    log.warn({ err: error }, 'systemd could not be told');
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });

interface HealthParts {
  readonly settings: Settings;
  readonly journal: AgentJournal;
  readonly hub: EventHub;
  readonly jobs: Jobs;
  readonly startedAt: Instant;
  readonly schedule: Schedule | null;
}

function healthOf({ settings, journal, hub, jobs, startedAt, schedule }: HealthParts): Health {
  const { current, error, needsRestart, loadedAt } = settings;
  const unreadable = why(() => journal.now().newestRunId());
  const problems = [
    ...(error === null ? [] : [`the configuration that is written now does not hold: ${error}`]),
    ...(needsRestart ? ['`agent` or `stateDir` changed: that holds after a restart'] : []),
    ...(unreadable === null ? [] : [`the record cannot be read: ${unreadable}`]),
  ];
  return {
    status: problems.length === 0 ? 'ok' : 'degraded',
    problems,
    version: VERSION,
    pid: process.pid,
    host: current.host,
    stateDir: current.stateDir,
    startedAt: formatInstant(startedAt),
    configuration: { file: current.files[0] ?? '', loadedAt: formatInstant(loadedAt), error, needsRestart },
    journal: unreadable,
    schedule: schedule?.health() ?? { active: false, jobs: 0, next: null },
    runs: { open: hub.open().length, started: jobs.running },
    listeners: hub.listeners,
  };
}

function why(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
