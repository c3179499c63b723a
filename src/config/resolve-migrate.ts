// How a service is moved onto its dataset: what is written, over what is built in.

import { duration } from '../domain/duration.ts';
import type { MigrateConfig } from './configuration.ts';
import type { ServiceFile } from './schema.ts';
import { milliseconds } from './written-values.ts';

export const resolveMigrate = (value: ServiceFile['migrate']): MigrateConfig => ({
  keepOld: value?.keepOld === undefined ? duration(48, 'h') : milliseconds(value.keepOld),
  healthUrl: value?.healthUrl ?? null,
  healthWithin: value?.healthWithin === undefined ? duration(1, 'm') : milliseconds(value.healthWithin),
});
