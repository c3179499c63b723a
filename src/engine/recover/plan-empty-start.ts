// The plans by which a person says that a service may start empty one time, and that one that did is right as it is.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { PERMISSION_LASTS } from '../../domain/empty-start.ts';
import { formatInstant, later } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Toolbox } from '../toolbox.ts';
import { EMPTY_START_ALLOWED, endKept, heldService, STARTED_EMPTY } from './empty-starts.ts';

/** For the next start within a day. It does nothing where data or a copy is found: those come first. */
export const planAllowEmptyOnce = (config: Configuration, services: readonly ServiceConfig[], toolbox: Toolbox): Plan =>
  planOf('allow-empty', config, services, (service) => ({
    id: stepId.allowEmpty(service.name),
    title: `Allow ${service.name} to start empty once`,
    run: (context) => allow(service, toolbox, context),
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

async function allow(service: ServiceConfig, { journal }: Toolbox, context: StepContext): Promise<StepResult> {
  const { name, protection } = service;
  if (!protection.allowEmptyStart) {
    throw new HoldfastError({
      code: 'refused',
      operation: 'allow an empty start of',
      subject: name,
      message: 'its configuration does not allow that it ever starts empty',
      hint: `If it may: services.${name}.protection.allowEmptyStart: true, and again.`,
    });
  }
  endKept(journal, EMPTY_START_ALLOWED, name, context.now()); // a new one begins its time anew
  await context.hold(EMPTY_START_ALLOWED.kind, { service: name }, () => Promise.resolve());
  const until = formatInstant(later(context.now(), PERMISSION_LASTS));
  return { outcome: 'succeeded', result: { service: name, until } };
}

function acknowledge({ name }: ServiceConfig, { journal }: Toolbox, context: StepContext): StepResult {
  const held = heldService(journal, name);
  if (held === null) return { outcome: 'skipped', reason: 'it is not held' };
  endKept(journal, STARTED_EMPTY, name, context.now());
  return { outcome: 'succeeded', result: { service: name, heldSince: formatInstant(held.since) } };
}
