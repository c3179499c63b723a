// One check of the doctor: what it looks at, and what it may find.

import type { Configuration } from '../../config/configuration.ts';
import type { Duration } from '../../domain/duration.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HoldfastError } from '../../lib/errors.ts';

export type Health = 'ok' | 'warning' | 'problem';

export interface Finding {
  readonly health: Health;
  readonly detail: string;
  /** What to do about it; null when nothing is to be done. */
  readonly fix: string | null;
}

export interface Check {
  /** 'repository:nas-primary:mounted' */
  readonly id: string;
  /** What a person calls it: 'state directory', 'nas-primary'. */
  readonly title: string;
  /** Default 30 s. */
  readonly limit?: Duration;
  /** Answers with what it found; throwing a HoldfastError is a problem with its hint as the fix. */
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

export interface DoctorInput {
  readonly config: Configuration;
  readonly clock: Clock;
  /** The restic program: a path, or a name on PATH. */
  readonly restic: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

export const ok = (detail: string): Finding => ({ health: 'ok', detail, fix: null });
export const warning = (detail: string, fix: string | null): Finding => ({ health: 'warning', detail, fix });
export const problem = (detail: string, fix: string | null): Finding => ({ health: 'problem', detail, fix });

/** The problem that an error tells. */
export const problemOf = (error: HoldfastError): Finding => problem(error.message, error.hint ?? null);
