// What is staged is asked whether it is good before it takes the place of anything.

import type { ValidatorConfig } from '../../config/configuration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { RestoredService, Validation } from '../validators/restored.ts';
import { validate } from '../validators/validate.ts';
import type { Filling } from './filling.ts';

/**
 * One after the other, each on what the one before left. Throws `not-restored` for the first that says no. One that could not
 * be asked has not said that, and is told: data that cannot be proven is better than none.
 */
export async function validateStaged(
  validators: readonly ValidatorConfig[],
  restored: RestoredService,
  filling: Pick<Filling, 'copy' | 'ifNotGood'>,
  context: StepContext,
): Promise<JsonObject[]> {
  const done: Validation[] = [];
  for (const validator of validators) {
    const validation = await validate(validator, restored, context.signal); // oxlint-disable-line no-await-in-loop -- in the order of the configuration
    const { type, subject, ok, message } = validation;
    if (ok === false) throw notGood(restored.service, filling, validation);
    if (ok === null)
      context.warn(`${type} ${subject} was not asked whether the data is good: ${message ?? 'nobody knows why'}`);
    done.push(validation);
  }
  return done;
}

const notGood = (
  service: string,
  { copy, ifNotGood }: Pick<Filling, 'copy' | 'ifNotGood'>,
  { type, subject, message, lines }: Validation,
): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'validate',
    subject: service,
    message: `${copy} was restored, and ${type} ${subject} says that it is not good: ${message ?? lines.at(-1) ?? 'it did not say why'}`,
    hint: ifNotGood,
  }); // never again by itself: the same copy is as bad the next time
