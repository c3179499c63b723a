// The plans by which a person says that a service may start empty one time, and that one that did is right as it is.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { PERMISSION_LASTS } from '../../domain/empty-start.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant, type Instant, later } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { sayNew } from '../postgres/say-new.ts';
import type { Toolbox } from '../toolbox.ts';
import { lastKnown } from './last-known.ts';
import { EMPTY_START_ALLOWED, endKept, heldService, STARTED_EMPTY } from './empty-starts.ts';

/** For the next start within a day. It does nothing where data or a copy is found: those come first. */
export const planAllowEmptyOnce = (
  config: Configuration,
  services: readonly ServiceConfig[],
  toolbox: Toolbox,
  gone: readonly string[],
): Plan =>
  planOf('allow-empty', config, services, (service) => ({
    id: stepId.allowEmpty(service.name),
    title: `Allow ${service.name} to start empty once`,
    run: (context) => allow(service, config, gone, toolbox, context),
  }));

/** Its backup, retention and replication go on. */
export const planAcknowledgeEmpty = (config: Configuration, services: readonly ServiceConfig[], toolbox: Toolbox): Plan =>
  planOf('acknowledge-empty', config, services, (service) => ({
    id: stepId.acknowledgeEmpty(service.name),
    title: `Take ${service.name} as it is`,
    run: (context) => Promise.resolve(acknowledge(service, toolbox, context)),
  }));

const planOf = (
  kind: string,
  { host }: Configuration,
  services: readonly ServiceConfig[],
  stepOf: (service: ServiceConfig) => Pick<Step, 'id' | 'title' | 'run'>,
): Plan => ({
  kind,
  host,
  limits: {},
  steps: services.map((service) => ({
    ...stepOf(service),
    service: service.name,
    locks: [{ name: serviceLock(service.name), mode: 'exclusive' }],
    weight: 'counted',
  })),
});

/** `named`: the copies that are gone on purpose, by the beginnings of their ids. */
async function allow(
  service: ServiceConfig,
  config: Configuration,
  named: readonly string[],
  { journal }: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  const { name, protection } = service;
  const known = copiesOnRecord(service, config, journal, context.now());
  const left = known.filter(({ snapshotId }) => !named.some((id) => snapshotId.startsWith(id)));
  const stray = named.find((id) => id.length < SHORTEST_ID || !known.some(({ snapshotId }) => snapshotId.startsWith(id)));
  if (stray !== undefined) throw notOnRecord(name, stray, known);
  // with start-empty it may start beside copies that are not good, and is held then: nothing has to be gone for that
  if (left.length > 0 && service.recover.onFailure !== 'start-empty') throw stillOnRecord(name, left);
  if (!protection.allowEmptyStart) {
    throw new HoldfastError({
      code: 'refused',
      operation: 'allow an empty start of',
      subject: name,
      message: 'its configuration does not allow that it ever starts empty',
      hint: `If it may: services.${name}.protection.allowEmptyStart: true, and again.`,
    });
  }
  const repositories = service.postgres
    ? await sayNew({ service, postgres: service.postgres }, journal, context.signal)
    : [];
  endKept(journal, EMPTY_START_ALLOWED, name, context.now()); // a new one begins its time anew
  const gone = known.filter((copy) => !left.includes(copy)).map(({ snapshotId }) => snapshotId);
  await context.hold(EMPTY_START_ALLOWED.kind, { service: name, gone }, () => Promise.resolve());
  const until = formatInstant(later(context.now(), PERMISSION_LASTS));
  return { outcome: 'succeeded', result: { service: name, until, gone, repositories } };
}

/** In each repository of its own the newest complete copy that should be there. */
const copiesOnRecord = (
  { name, backup }: ServiceConfig,
  { repositories }: Configuration,
  journal: Toolbox['journal'],
  now: Instant,
): Evidence[] =>
  (backup?.repositories ?? []).flatMap((each) => {
    const repository = repositories.get(each);
    return repository === undefined ? [] : (lastKnown(journal, name, repository, now) ?? []);
  });

/** As many digits as are shown. */
const SHORTEST_ID = 8;

const described = ({ repository, snapshotId, at, detail: { files, bytes } }: Evidence): string =>
  `${repository}: ${snapshotId.slice(0, 8)} of ${formatInstant(at)}${typeof files === 'number' && typeof bytes === 'number' ? ` (${files} file${files === 1 ? '' : 's'}, ${describeBytes(bytes as Bytes)})` : ''}`; // as its backup wrote it

const stillOnRecord = (service: string, copies: readonly Evidence[]): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'allow an empty start of',
    subject: service,
    message: `by the journal there are copies of it: ${copies.map(described).join('; ')}`,
    hint: `They come first: holdfast recover ${service}. Only if they were removed on purpose, and it is to start anew: holdfast recover ${service} --allow-empty-once ${copies.map(({ snapshotId }) => `--gone ${snapshotId.slice(0, 8)}`).join(' ')}`,
  });

const notOnRecord = (service: string, id: string, copies: readonly Evidence[]): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'allow an empty start of',
    subject: service,
    message: `--gone ${id} is no copy that is expected to be there`,
    hint: copies.length === 0 ? 'Nothing is on record: it goes without.' : `Those are: ${copies.map(described).join('; ')}`,
  });

function acknowledge({ name }: ServiceConfig, { journal }: Toolbox, context: StepContext): StepResult {
  const held = heldService(journal, name);
  if (held === null) return { outcome: 'skipped', reason: 'it is not held' };
  endKept(journal, STARTED_EMPTY, name, context.now());
  return { outcome: 'succeeded', result: { service: name, heldSince: formatInstant(held.since) } };
}
