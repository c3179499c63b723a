// How lost data of a service comes back: what is written, over what is built in.

import type { RecoverConfig } from './configuration.ts';
import type { ServiceFile } from './schema.ts';
import { milliseconds } from './written-values.ts';

export const resolveRecover = (value: ServiceFile['recover']): RecoverConfig => ({
  beforeStart: value !== undefined,
  sources: value?.sources ?? ['repository'],
  timeout: value?.timeout === undefined ? null : milliseconds(value.timeout),
  onFailure: value?.onFailure ?? 'block',
});
