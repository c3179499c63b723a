// Where the database servers of a service keep their data.

import type { ServiceConfig } from './configuration.ts';

export const serverDirectories = ({ postgres, mariadb }: Pick<ServiceConfig, 'postgres' | 'mariadb'>): string[] => [
  ...(postgres === null ? [] : [postgres.dataDir]),
  ...(mariadb === null ? [] : [mariadb.dataDir]),
];
