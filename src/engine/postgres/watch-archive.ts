// The steps by which the archiving of a server is watched: until when could it be restored now, from each repository? A server that
// nobody writes to finishes no file of its log; before its newest moment gets too old it is made to, which proves the way as well.

import type { Evidence } from '../../domain/evidence.ts';
import { type Duration, duration } from '../../domain/duration.ts';
import { backlogOf } from '../../domain/finished-log.ts';
import { elapsed, formatInstant } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { checkStanza } from '../../tools/pgbackrest/stanza.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import { type PgBackRestService, pgBackRestOf } from './access.ts';
import { type ArchiveLook, lookAtArchive, type Told } from './archive-look.ts';
import { clusterIn } from './open-archive.ts';
import { archiveTroubles, owedWithin } from './archive-verdict.ts';
import { requireMounted } from './mounted.ts';
import { nameOfRepository, placeOfRepository } from './repositories.ts';
import { askServer } from './server.ts';

export const planWatch = (host: string, servers: readonly PgBackRestService[]): Plan => ({
  kind: 'postgres-watch',
  host,
  limits: {},
  steps: servers.map((server): Step => ({
    id: stepId.server('archive', server.service.name),
    title: `Look at the archived log of ${server.service.name}`,
    service: server.service.name,
    weight: 'counted',
    locks: [{ name: serviceLock(server.service.name), mode: 'shared' }],
    timeout: duration(15, 'm'),
    run: (context) => watch(server, context),
  })),
});

async function watch(server: PgBackRestService, context: StepContext): Promise<StepResult> {
  const { service, postgres } = server;
  const { signal } = context;
  const troubles: string[] = [];
  const unmounted = new Set<number>();
  for (const repository of postgres.repositories) {
    try {
      await requireMounted(service.name, repository); // oxlint-disable-line no-await-in-loop -- a few
    } catch (error) {
      troubles.push(sentenceOf(error));
      unmounted.add(repository.key);
    }
  }
  const access = await pgBackRestOf(server, signal);
  const state = await askServer(server, signal).catch((error: unknown) => {
    troubles.push(`the server does not answer, so that what it has not archived yet is not known: ${sentenceOf(error)}`);
    return null;
  });
  const info = await pgBackRestInfo(access, { signal });
  const keys = info.repositories.flatMap(({ key }) => (unmounted.has(key) ? [] : [key]));
  const within = owedWithin(service);
  const told = { timeline: timelineOf(state), finished: state?.finished ?? [] };
  let looks = await lookAtAll(access, info, keys, told, context);
  const isIdle = state !== null && !state.inRecovery && backlogOf(state.finished).count === 0;
  if (isIdle && within !== null && looks.some(({ look }) => isGettingOld(look, within, context))) {
    await finishFile(access, signal).catch((error: unknown) => troubles.push(sentenceOf(error)));
    looks = await lookAtAll(access, info, keys, told, context);
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
      detail: { tool: 'pgbackrest', place: placeOfRepository(postgres, key), ...windowOf(look), troubles: own },
    };
  });
  for (const each of info.repositories)
    if (each.state === 'other' || each.state === 'no-stanza')
      troubles.push(`${nameOfRepository(each.key)}: ${each.message}`);
  return {
    outcome: troubles.length === 0 ? 'succeeded' : 'partial',
    reason: troubles.length === 0 ? null : [...new Set(troubles)].join('; '),
    evidence,
    result: {
      repositories: looks.map(({ key, look }) => ({ repository: nameOfRepository(key), ...windowOf(look) })),
    },
  };
}

const windowOf = ({ restorableFrom, restorableUntil }: ArchiveLook): JsonObject => ({
  restorableFrom: restorableFrom && formatInstant(restorableFrom),
  restorableUntil: restorableUntil && formatInstant(restorableUntil),
});

interface LookedAt {
  readonly key: number;
  readonly look: ArchiveLook;
  readonly systemId: string | null;
}

async function lookAtAll(
  access: PgBackRest,
  info: StanzaInfo,
  keys: readonly number[],
  told: Told,
  { signal }: StepContext,
): Promise<LookedAt[]> {
  const looks: LookedAt[] = [];
  for (const key of keys) {
    const look = await lookAtArchive(access, info, key, told, signal); // oxlint-disable-line no-await-in-loop -- a few
    looks.push({ key, look, systemId: clusterIn(info, key)?.systemId ?? null });
  }
  return looks;
}

/** Half of what is owed has gone by since. */
const isGettingOld = ({ restorableUntil }: ArchiveLook, within: Duration, context: StepContext): boolean =>
  restorableUntil !== null && elapsed(restorableUntil, context.now()) > within / 2;

const finishFile = (access: PgBackRest, signal: AbortSignal): Promise<void> => checkStanza(access, { signal });

/** The file that it writes into says it at once; its checkpoints say it later. */
const timelineOf = (state: ServerState | null): number | null =>
  state === null ? null : state.current === null ? state.timeline : Number.parseInt(state.current.slice(0, 8), 16);

function sentenceOf(error: unknown): string {
  if (error instanceof HoldfastError && error.code !== 'interrupted') return error.message;
  throw error;
}
