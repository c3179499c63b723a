// What all steps by which a server is configured have in common.

import { duration } from '../../domain/duration.ts';
import { serviceLock, stanzaLock } from '../../domain/naming.ts';
import type { Step } from '../../domain/plan.ts';
import type { EngineService } from './access.ts';

/** Nothing is backed up meanwhile. */
export const configuring = ({
  service,
  postgres,
}: EngineService): Pick<Step, 'service' | 'weight' | 'locks' | 'timeout'> => ({
  service: service.name,
  weight: 'counted',
  locks: [
    { name: stanzaLock(postgres.stanza), mode: 'exclusive' },
    { name: serviceLock(service.name), mode: 'shared' },
  ],
  timeout: duration(10, 'm'),
});
