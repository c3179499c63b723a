// A moment as a PostgreSQL server that recovers is told of it.

import { formatInstant, type Instant } from './instant.ts';

/** With its zone. */
export const targetOf = (at: Instant): string => formatInstant(at).replace('T', ' ').replace('Z', '+00');
