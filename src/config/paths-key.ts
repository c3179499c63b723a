// Where it is written which paths of a service are backed up: for whoever is told that they are wrong.

import type { ServiceConfig } from './configuration.ts';

export const pathsKey = ({ name, backup }: Pick<ServiceConfig, 'name' | 'backup'>): string =>
  `services.${name}.${backup?.serverCopy ? 'postgres.offsite.path' : 'backup.paths'}`;
