// Where a repository is. What is on record is about a place, not about the name that it has in the configuration.

import type { RepositoryConfig } from '../config/configuration.ts';
import { localDirectory } from '../config/repository-url.ts';
import { maskUrlPassword } from '../process/mask.ts';

/** Without secrets; two writings of one local directory are one place. */
export const placeOf = ({ url }: Pick<RepositoryConfig, 'url'>): string => localDirectory(url) ?? maskUrlPassword(url);
