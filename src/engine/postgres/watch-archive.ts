// The steps by which the archiving of a server is watched: until when could it be restored now, from each repository? A server that
// nobody writes to finishes no file of its log; before its newest moment gets too old it is made to, which proves the way as well.

import type { Evidence } from '../../domain/evidence.ts';
import { type Duration, duration } from '../../domain/duration.ts';
import { backlogOf } from '../../domain/finished-log.ts';
import { elapsed, formatInstant } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Journal } from '../../journal/journal.ts';
import { liveServer } from '../../tools/postgresql/live-server.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import type { EngineService } from './access.ts';
import type { Engine } from './engine.ts';
import type { ArchiveLook } from './archive-look.ts';
import { archiveTroubles, owedWithin } from './archive-verdict.ts';
import { engineOf } from './engine-of.ts';
import { forgetWhatIsLeft } from './forget-recovery.ts';
import { knownRepositories, lookAtEach, type LookedAt, type NotLookedAt, PATIENCE } from './look-at-each.ts';
import { placeOfRepository } from './repositories.ts';
import { askServer } from './server.ts';

/** `patience`: how long one repository may take to answer. */
export const planWatch = (
  host: string,
  servers: readonly EngineService[],
  journal: Pick<Journal, 'evidence'>,
  patience: Duration = PATIENCE,
): Plan => ({
  kind: 'postgres-watch',
  host,
  limits: {},
  steps: watchSteps(servers, { journal, patience, only: 'watch' }),
});

export interface Asking {
  readonly journal: Pick<Journal, 'evidence'>;
  readonly patience: Duration;
  /** `look`: nothing is made to happen at the server. */
  readonly only: 'watch' | 'look';
}

export const watchSteps = (servers: readonly EngineService[], asking: Asking): Step[] =>
  servers.map((server) => ({
    id: stepId.server('archive', server.service.name),
    title: `Look at the archived log of ${server.service.name}`,
    service: server.service.name,
    weight: 'counted',
    locks: [{ name: serviceLock(server.service.name), mode: 'shared' }],
    timeout: duration(15, 'm'),
    run: (context) => watch(server, asking, context),
  }));

async function watch(server: EngineService, { journal, patience, only }: Asking, context: StepContext): Promise<StepResult> {
  const { service, postgres } = server;
  const { signal } = context;
  const troubles: string[] = [];
  const engine = await engineOf(server, 'look at the archive of', signal);
  const state = await askServer(server, signal).catch((error: unknown) => {
    troubles.push(`the server does not answer, so that what it has not archived yet is not known: ${sentenceOf(error)}`);
    return null;
  });
  if (only === 'watch' && state && !state.inRecovery)
    for (const remark of await afterRecovery(server, signal)) context.warn(remark);
  const within = owedWithin(service);
  const told = { timeline: timelineOf(state), finished: state?.finished ?? [] };
  const keys = await knownRepositories(server, engine, journal, patience, signal);
  const first = await lookAtEach(engine, keys, told, patience, signal);
  const without = first.filter((each) => 'reason' in each);
  troubles.push(...without.map(({ key, reason }) => `${nameOfRepository(key)}: ${reason}`));
  let looks = answered(first);
  const all = looks.length === keys.length; // it would wait for one that does not answer
  const isIdle = only === 'watch' && all && state !== null && !state.inRecovery && backlogOf(state.finished).count === 0;
  if (isIdle && within !== null && looks.some(({ look }) => isGettingOld(look, within, context))) {
    await engine.check(signal).catch((error: unknown) => troubles.push(sentenceOf(error)));
    const again = looks.map(({ key }) => key);
    looks = answered(await lookAtEach(engine, again, told, patience, signal));
  }
  const evidence = looks.map(({ key, look, systemId }): Evidence => {
    const own = [
      ...(state && systemId !== null && systemId !== state.systemId
        ? [`it holds another cluster (${systemId}; the server is ${state.systemId})`]
        : []),
      ...archiveTroubles(look, state, within, context.now()),
    ];
    troubles.push(...own.map((each) => `${nameOfRepository(key)}: ${each}`));
    if (look.foreign.length > 0)
      context.warn(`${nameOfRepository(key)} holds timelines that are not the server's own: ${look.foreign.join(', ')}`);
    return {
      kind: 'archive',
      service: service.name,
      repository: nameOfRepository(key),
      snapshotId: '',
      at: context.now(),
      complete: own.length === 0,
      detail: {
        tool: engine.tool,
        place: placeOfRepository(postgres, key),
        ...windowOf(look),
        timelines: look.timelines,
        foreign: look.foreign,
        waiting: state && backlogOf(state.finished).count,
        failures: state && state.failures,
        troubles: own,
      },
    };
  });
  return {
    outcome: troubles.length === 0 ? 'succeeded' : 'partial',
    reason: troubles.length === 0 ? null : [...new Set(troubles)].join('; '),
    evidence: [...evidence, ...without.map((each) => notLookedAt(server, engine, each, context))],
    result: {
      repositories: looks.map(({ key, look }) => ({ repository: nameOfRepository(key), ...windowOf(look) })),
    },
  };
}

/** What is on record of it is no longer known to be there: see absenceOf in engine/status/job-facts.ts. */
const notLookedAt = (
  { service, postgres }: EngineService,
  { tool }: Engine,
  { key, reason, answered: answers }: NotLookedAt,
  context: StepContext,
): Evidence => ({
  kind: 'archive',
  service: service.name,
  repository: nameOfRepository(key),
  snapshotId: '',
  at: context.now(),
  complete: false,
  detail: {
    tool,
    place: placeOfRepository(postgres, key),
    answered: answers,
    restorableFrom: null,
    restorableUntil: null,
    troubles: [reason],
  },
});

const windowOf = ({ restorableFrom, restorableUntil }: ArchiveLook): JsonObject => ({
  restorableFrom: restorableFrom && formatInstant(restorableFrom),
  restorableUntil: restorableUntil && formatInstant(restorableUntil),
});

const answered = (looks: readonly (LookedAt | NotLookedAt)[]): LookedAt[] => looks.filter((each) => 'look' in each);

/** Half of what is owed has gone by since. */
const isGettingOld = ({ restorableUntil }: ArchiveLook, within: Duration, context: StepContext): boolean =>
  restorableUntil !== null && elapsed(restorableUntil, context.now()) > within / 2;

async function afterRecovery({ service, postgres }: EngineService, signal: AbortSignal): Promise<string[]> {
  try {
    return await forgetWhatIsLeft(await liveServer(postgres, service.name, signal), signal);
  } catch (error) {
    return [`whether an earlier recovery has left something in its settings is not known: ${sentenceOf(error)}`];
  }
}

/** The file that it writes into says it at once; its checkpoints say it later. */
const timelineOf = (state: ServerState | null): number | null =>
  state === null ? null : state.current === null ? state.timeline : Number.parseInt(state.current.slice(0, 8), 16);

function sentenceOf(error: unknown): string {
  if (error instanceof HoldfastError && error.code !== 'interrupted') return error.message;
  throw error;
}
