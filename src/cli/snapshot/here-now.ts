// The calendar that snapshots are taken by is that of this machine.

import type { Instant } from '../../domain/instant.ts';
import type { CliContext } from '../context.ts';

export const hereNow = ({ clock }: Pick<CliContext, 'clock'>): { readonly now: Instant; readonly zone: string } => ({
  now: clock.now(),
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});
