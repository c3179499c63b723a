// The steps by which PostgreSQL servers are drilled: one for each repository. They are asked here, while planning; one that does not
// answer fails its own step only.

import type { Configuration, PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { type DrillPick, pickOfTime, pickOne } from '../../domain/drill.ts';
import { describeDuration } from '../../domain/duration.ts';
import { isDue } from '../../domain/frequency.ts';
import { formatInstant, elapsed, type Instant } from '../../domain/instant.ts';
import { reachFor } from '../../domain/moments.ts';
import { backupsLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { EVERYTHING } from '../status/believed-copy.ts';
import type { Toolbox } from '../toolbox.ts';
import { type ArchiveState, targetTimeline } from './archive-state.ts';
import type { Engine } from './engine.ts';
import { engineOf } from './engine-of.ts';
import { placeOfRepository } from './repositories.ts';
import { scratchFor } from '../drill/scratch-for.ts';
import { drillServer } from './server-drill.ts';

export interface ServerDrillSelection {
  /** Only this one, by its name. */
  readonly repository?: string | undefined;
  readonly pick: DrillPick;
  readonly due: boolean;
}

interface Planning {
  readonly config: Configuration;
  readonly selection: ServerDrillSelection;
  readonly toolbox: Toolbox;
  readonly now: Instant;
  readonly signal: AbortSignal;
}

interface Server {
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

/** Never throws for one server: what stands in its way is its step's failure. */
export async function serverDrillSteps(services: readonly ServiceConfig[], planning: Planning): Promise<Step[]> {
  const steps: Step[] = [];
  for (const service of services) {
    const { postgres } = service;
    if (postgres === null) continue;
    steps.push(...(await stepsOf({ service, postgres }, planning))); // oxlint-disable-line no-await-in-loop -- a handful
  }
  return steps;
}

async function stepsOf(server: Server, planning: Planning): Promise<Step[]> {
  const { selection, signal } = planning;
  try {
    const access = await engineOf(server, 'drill', signal);
    const keys = (await access.repositories(signal)).filter(
      (key) => selection.repository === undefined || nameOfRepository(key) === selection.repository,
    );
    return await Promise.all(keys.map((key) => stepFor(server, access, key, planning)));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return [failing(server, 'postgres', error)];
  }
}

async function stepFor(server: Server, access: Engine, key: number, planning: Planning): Promise<Step> {
  const { selection, signal, config, toolbox } = planning;
  const repository = nameOfRepository(key);
  const waiting = selection.due ? notDue(server, key, planning) : null;
  if (waiting !== null)
    return stepOf(server, repository, '', () => Promise.resolve({ outcome: 'skipped', reason: waiting }));
  try {
    const state = await access.state(key, null, signal);
    const of = { service: server.service.name, repository };
    const earlier = toolbox.journal.evidence({ ...of, kind: 'drill', limit: EVERYTHING });
    const last = earlier.toSorted((a, b) => (a.runId < b.runId ? 1 : -1))[0];
    const pick = pickOfTime(selection.pick, last && !last.complete ? 0 : earlier.length);
    const reach = pick === 'newest' ? reachFor(null, state.reaches) : (pickOne(state.reaches.toReversed(), pick) ?? null);
    if (reach === null) throw nothingToDrill(access, state);
    const { postgres, service } = server;
    const recovery = {
      access,
      repository: key,
      cluster: state.cluster,
      reach,
      at: null,
      timeline: targetTimeline(state),
      processes: postgres.processes,
      role: postgres.user,
      durable: false,
    };
    const title = ` (${reach.backup.label} of ${formatInstant(reach.backup.stoppedAt)})`;
    return stepOf(server, repository, title, async (context) => {
      const scratch = await scratchFor(config, postgres, access, context.signal);
      return await drillServer({ service, postgres, recovery, state, pick, scratch }, context);
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return failing(server, repository, error);
  }
}

/** Why it is not its turn yet; null when it is. */
function notDue({ service, postgres }: Server, key: number, { config, toolbox, now }: Planning): string | null {
  const { drills } = config.verification;
  if (!drills.enable) return 'verification.restoreTesting.enable is false';
  const place = placeOfRepository(postgres, key);
  const last = toolbox.journal
    .evidence({ service: service.name, repository: nameOfRepository(key), kind: 'drill', complete: true, limit: EVERYTHING })
    .find((fact) => fact.at <= now && fact.detail['place'] === place);
  if (!last || isDue(last.at, drills.schedule, now)) return null;
  return `drilled ${describeDuration(elapsed(last.at, now))} ago, and the schedule is ${drills.schedule}`;
}

const stepOf = (
  { service, postgres }: Server,
  repository: string,
  more: string,
  run: (context: StepContext) => Promise<StepResult>,
): Step => ({
  id: stepId.drill(service.name, repository),
  title: `Drill the PostgreSQL server of ${service.name} from ${repository}${more}`,
  service: service.name,
  repository,
  lanes: ['drill'],
  locks: [
    { name: serviceLock(service.name), mode: 'shared' },
    { name: backupsLock(postgres.stanza, repository), mode: 'shared' },
  ],
  weight: 'counted',
  run,
});

const failing = (server: Server, repository: string, error: HoldfastError): Step =>
  stepOf(server, repository, '', () => Promise.reject(error));

const nothingToDrill = ({ subject, byHand }: Engine, { repository, backups }: ArchiveState): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'drill',
    subject: `${subject}@${nameOfRepository(repository)}`,
    message: `none of its ${backups.length} backups can be restored: the archive does not hold the log that they need`,
    hint: `Take a full backup now, and see why the log is missing: ${byHand.list}`,
    retry: 'later',
  });
