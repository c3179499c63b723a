// Which dumps of a copy are to come back into the server that is in service.

import type { Configuration, DumpsConfig } from '../../config/configuration.ts';
import type { RestoreOrder } from '../restore/prove.ts';

export interface DumpsOrder<Dumps extends DumpsConfig = DumpsConfig> extends RestoreOrder {
  readonly config: Configuration;
  readonly service: string;
  readonly dumps: Dumps;
  /** Where the dumps stand in the snapshot. */
  readonly place: string;
  /** Null: every one, under the name that it has. Else one, under a name that nobody has. */
  readonly only: { readonly database: string; readonly as: string } | null;
}
