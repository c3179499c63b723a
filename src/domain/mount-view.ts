// What a service sees at its paths from its own mount namespace, against what everybody else sees there.

import { isSamePlace, type Mount, placeIn } from './mount.ts';

export interface ServiceProcess {
  readonly unit: string;
  readonly pid: number;
}

/** The service writes to another place than the one that is read here. */
export interface Elsewhere {
  readonly kind: 'elsewhere';
  /** The declared path. */
  readonly at: string;
  readonly harm: 'whole';
  readonly process: ServiceProcess;
  readonly here: Mount;
  readonly there: Mount;
}

/** Null where both are one place, or where the service cannot write there: then its data is not there, either. */
export function elsewhereAt(at: string, here: Mount, there: Mount, process: ServiceProcess): Elsewhere | null {
  if (isSamePlace(placeIn(here, at), placeIn(there, at)) || there.readOnly) return null;
  return { kind: 'elsewhere', at, harm: 'whole', process, here, there };
}
