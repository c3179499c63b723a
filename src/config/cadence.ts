// How often a service is backed up into a repository: as often as the repository says, else as often as the service does.

import type { BackupConfig, RepositoryConfig } from './configuration.ts';

/** hourly | daily | weekly | monthly | an OnCalendar expression. */
export const cadenceOf = (
  backup: Pick<BackupConfig, 'frequency'>,
  repository: Pick<RepositoryConfig, 'frequency'> | undefined,
): string => repository?.frequency ?? backup.frequency;
