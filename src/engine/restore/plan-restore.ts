// The plan of `holdfast restore`. Which snapshot of which repository it is about is observed first, so that a dry run shows
// the very restore that would be made, and a wrong wish is told before anything is touched.

import { join } from 'node:path';
import type { Configuration, RepositoryConfig, ServiceConfig, ValidatorConfig } from '../../config/configuration.ts';
import { contains, normalPath } from '../../config/repository-url.ts';
import { dumpsIn } from '../../config/resolve-dumps.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import type { SnapshotWish } from '../snapshots/choose-snapshot.ts';
import { checkDestination } from './destination.ts';
import { fillFromRestic } from './fill-from-restic.ts';
import { leftOutOf, patternsOf } from './left-out.ts';
import { checkLivePlaces } from './live-place.ts';
import { type Asking, inOrderOfAsking, type Observed, observeSnapshot } from '../snapshots/observe-snapshots.ts';
import { dumpsStep, inPlaceRemarks } from '../dumps/plan-dumps.ts';
import { lookBefore } from '../mariadb/look-before.ts';
import { restoreInPlace } from './restore-in-place.ts';
import { restoreTo } from './restore-to.ts';
import { selectRepository, selectService } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';

/** Where it is restored from and what is around it: the configuration, or a repository given on the command line. */
export interface RestoreScene {
  /** Null for a repository given on the command line. */
  readonly config: Configuration | null;
  readonly host: string;
  /** In the order in which they are asked. */
  readonly candidates: readonly RepositoryConfig[];
  /** Null where nothing is configured, or for snapshots of no service. */
  readonly service: ServiceConfig | null;
  /** Everything that is configured: a destination stays out of it. */
  readonly services: readonly ServiceConfig[];
  readonly repositories: readonly RepositoryConfig[];
}

export interface RestoreWish extends SnapshotWish {
  /** The new directory, absolute; null for in place, or with a database. */
  readonly to: string | null;
  /** Only this one of its dumps, into the server that is in service. */
  readonly database?: { readonly name: string; readonly as: string } | undefined;
  /** Paths in the snapshot; relative ones are below its only path. */
  readonly includes?: readonly string[];
  /** Default true. */
  readonly verify?: boolean;
  readonly allowIncomplete?: boolean;
  /** In place: whether what is staged is asked if it is good, and what a command that is asked must not read. */
  readonly validation?: { readonly hidden: readonly string[] };
  /** In place: see ResticFilling. */
  readonly givenTo?: Owner;
}

/** What asking the repositories needs. */
export type PlanningWorld = Omit<Asking, 'toolbox'>;

/** The scene of a configured service. Throws `usage` for unknown names. */
export function restoreScene(config: Configuration, serviceName: string, repository?: string): RestoreScene {
  const service = selectService(config, serviceName);
  const repositories = [...config.repositories.values()];
  const own = service.backup?.repositories.map((name) => selectRepository(config, name)) ?? repositories;
  return {
    config,
    host: config.host,
    candidates: repository === undefined ? inOrderOfAsking(own) : [selectRepository(config, repository)],
    service,
    services: [...config.services.values()],
    repositories,
  };
}

/** Asks the repositories. Throws what stands in the way: see observe-snapshots.ts, choose-snapshot.ts and destination.ts. */
export async function planRestore(
  scene: RestoreScene,
  wish: RestoreWish,
  toolbox: Toolbox,
  world: PlanningWorld,
): Promise<Plan> {
  const surroundings = { services: scene.services, repositories: scene.repositories };
  if (wish.to !== null) await checkDestination(wish.to, surroundings);
  requireVersion(await resticVersion(toolbox.restic, { signal: world.signal }), toolbox.restic);
  const chosen = await observeSnapshot(scene.candidates, wish, { ...world, toolbox });
  const foreign =
    chosen.snapshot.host === scene.host || wish.host === null ? [] : [`this is the data of host ${chosen.snapshot.host}`];
  const warnings = [...chosen.remarks, ...foreign];
  const base = { kind: 'restore', host: scene.host, limits: {} };
  if (wish.to === null) {
    const live = await liveSteps(scene, wish, chosen, toolbox, world.signal);
    return { ...base, warnings: [...warnings, ...live.remarks], steps: live.steps };
  }
  return { ...base, warnings, steps: [toStep(wish.to, wish, chosen, surroundings, toolbox)] };
}

/** Over the live data: the files first, then the databases, each where the service has some. */
async function liveSteps(
  scene: RestoreScene,
  wish: RestoreWish,
  chosen: Observed,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<{ steps: Step[]; remarks: readonly string[] }> {
  const { config, service } = scene;
  const { database } = wish;
  const dumps = service?.backup?.dumps ?? null;
  if (config === null || service === null || dumps === null) {
    if (database !== undefined) throw noDatabases(service?.name ?? 'a snapshot');
    const inPlace = await inPlaceStep(scene, wish, chosen, toolbox);
    return { steps: [inPlace.step], remarks: inPlace.remarks };
  }
  const order = { chosen, service: service.name, verify: wish.verify ?? true, dumps };
  if (database !== undefined) {
    const only = { database: database.name, as: database.as };
    return { steps: [dumpsStep({ ...order, only, after: null }, config, toolbox)], remarks: [] };
  }
  if (chosen.partial && (wish.id === undefined || wish.id === 'latest')) throw incomplete(service.name, chosen);
  if (dumps.kind === 'mariadb') await lookBefore(service.name, dumps, chosen, toolbox, signal);
  const hasFiles = (service.backup?.paths.length ?? 0) > 0;
  const files = hasFiles ? await inPlaceStep(scene, wish, chosen, toolbox) : null;
  const step = dumpsStep({ ...order, only: null, after: files?.step ?? null }, config, toolbox);
  return { steps: [...(files ? [files.step] : []), step], remarks: [...(files?.remarks ?? []), ...inPlaceRemarks(dumps)] };
}

const noDatabases = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'restore',
    subject,
    message: '--database goes with a service whose database server is backed up',
    hint: 'A database that is a file comes back with --include.',
  });

function toStep(
  directory: string,
  wish: RestoreWish,
  chosen: Observed,
  surroundings: { readonly services: readonly ServiceConfig[]; readonly repositories: readonly RepositoryConfig[] },
  toolbox: Toolbox,
): Step {
  const includes = (wish.includes ?? []).map((path) => absoluteInclude(path, chosen));
  return {
    ...commonParts(wish.service, chosen),
    title: `Restore ${describe(wish.service, chosen)} to ${directory}`,
    locks: [{ name: repositoryLock(chosen.repository.name), mode: 'shared' }],
    run: (context) =>
      restoreTo(
        {
          chosen,
          service: wish.service,
          verify: wish.verify ?? true,
          whole: includes.length === 0,
          directory,
          includes,
          allowIncomplete: wish.allowIncomplete ?? false,
          surroundings,
        },
        toolbox,
        context,
      ),
  };
}

/** The restore in place of what was chosen, and what should be known about it. Throws what stands in the way of that. */
export async function inPlaceStep(
  scene: RestoreScene,
  wish: RestoreWish,
  chosen: Observed,
  toolbox: Toolbox,
): Promise<{ step: Step; remarks: string[] }> {
  const { service } = scene;
  if (!service?.backup) throw notInPlace(wish.service ?? 'a snapshot', 'it is no configured service with paths of its own');
  if (chosen.partial && (wish.id === undefined || wish.id === 'latest')) throw incomplete(service.name, chosen);
  const declared = outermost(service.backup.paths.map(normalPath));
  const held = new Set(chosen.snapshot.paths.map(normalPath));
  const paths = declared.filter((path) => held.has(path));
  const absent = declared.filter((path) => !held.has(path));
  const { dumps } = service.backup;
  const dumped = dumps === null ? null : dumpsIn([...held], service.name);
  const others = [...held]
    .filter((path) => path !== dumped)
    .filter((path) => !declared.includes(path) && !declared.some((each) => contains(each, path)));
  if (paths.length === 0) {
    throw notInPlace(service.name, `the snapshot holds ${[...held].join(', ')}, and the service is ${declared.join(', ')}`);
  }
  const { services, repositories } = scene;
  const surroundings = { service: service.name, services, repositories, stateDir: toolbox.stateDir };
  const places = await checkLivePlaces(paths, surroundings);
  const { exclude } = service.backup;
  const patterns = patternsOf(exclude);
  const remarks = [
    ...others.map((path) => `${path} is in the snapshot and no longer a path of ${service.name}: it is left alone`),
    ...absent.map((path) => `${path} is not in the snapshot: it is left as it is`),
    ...places
      .filter(({ keepsDirectory }) => keepsDirectory)
      .map(
        ({ path }) =>
          `${path} is a mount point: the old data is kept inside it, and is backed up with it until you remove it`,
      ),
    ...(await leftOutOf(places, exclude, '')).map(
      ({ path }) => `${path} is left out of the backup: it does not come back, it will be in the old data only`,
    ),
    ...(patterns.length === 0
      ? []
      : [
          `what matches ${patterns.join(', ')} is left out of the backup: it does not come back, it will be in the old data only`,
        ]),
  ];
  const step: Step = {
    ...commonParts(service.name, chosen),
    title: `Restore ${describe(service.name, chosen)} in place`,
    locks: [
      { name: repositoryLock(chosen.repository.name), mode: 'shared' },
      { name: serviceLock(service.name), mode: 'exclusive' },
    ],
    run: (context) =>
      restoreInPlace(
        {
          service: service.name,
          unit: service.unit,
          exclude,
          validators: wish.validation ? validatorsOf(service) : [],
          hidden: wish.validation?.hidden ?? [],
          services,
          repositories,
          paths,
          shortcomings: absent.map((path) => `${path} is not in the snapshot, and was left as it is`),
        },
        fillFromRestic(
          {
            chosen,
            service: service.name,
            verify: wish.verify ?? true,
            whole: absent.length + others.length === 0 && dumped === null,
            givenTo: wish.givenTo,
          },
          toolbox,
        ),
        toolbox,
        context,
      ),
  };
  return { step, remarks };
}

/** Those of its files: a server that is dumped is asked when its databases are loaded. */
const validatorsOf = ({ backup, protection }: ServiceConfig): readonly ValidatorConfig[] =>
  protection.validators.filter(({ type }) => type !== 'sql' || !backup?.dumps);

const commonParts = (
  service: string | null,
  { repository }: Observed,
): Pick<Step, 'id' | 'stage' | 'service' | 'repository' | 'weight'> => ({
  id: stepId.restore(service ?? 'snapshot', repository.name),
  stage: 'restore',
  ...(service === null ? {} : { service }),
  repository: repository.name,
  weight: 'critical',
});

const describe = (service: string | null, { repository, snapshot }: Observed): string =>
  `${service === null ? `snapshot ${snapshot.id.slice(0, 8)}` : `${service} (${snapshot.id.slice(0, 8)})`} from ${repository.name}`;

/** Of two paths one inside the other the outer one brings both back. */
export const outermost = (paths: readonly string[]): string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => contains(other, path)));

function absoluteInclude(path: string, { snapshot }: Observed): string {
  if (path.startsWith('/')) return normalPath(path);
  const [only, ...more] = snapshot.paths;
  if (only !== undefined && more.length === 0) return normalPath(join(only, path));
  throw new HoldfastError({
    code: 'usage',
    operation: 'restore',
    subject: path,
    message: `--include ${path} is relative, and the snapshot holds several paths: ${snapshot.paths.join(', ')}`,
    hint: 'Write it as it stands in the snapshot, from the root on.',
  });
}

const incomplete = (service: string, { snapshot }: Observed): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'restore in place',
    subject: service,
    message: `snapshot ${snapshot.id.slice(0, 8)} is known to be incomplete, and there is no complete one: live data is not replaced by less`,
    hint: `Look at it first: --to DIR. If it is to replace the live data all the same, name it: --snapshot ${snapshot.id.slice(0, 8)}`,
  });

const notInPlace = (subject: string, why: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'restore in place',
    subject,
    message: why,
    hint: 'Restore it to a directory with --to, and move what you need.',
  });
