// A source of lost data that is no repository, as a recovery uses it: asked first, and seen as a tree when its turn has come.

import type { ServiceConfig } from '../../../config/configuration.ts';
import type { Bytes } from '../../../domain/bytes.ts';
import type { Instant } from '../../../domain/instant.ts';
import type { StepContext } from '../../../domain/plan.ts';
import type { SeenPath } from '../../../domain/recovery.ts';
import type { Said, SaidSource } from '../../../domain/recovery-source.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import type { JsonObject } from '../../../lib/json.ts';
import type { Origin } from './origins.ts';

/** What is lost. */
export interface Lost {
  readonly service: ServiceConfig;
  readonly paths: readonly SeenPath[];
}

export interface OpenTree extends AsyncDisposable {
  /** 'tank/app@daily-1' */
  readonly name: string;
  readonly at: Instant;
  /** See Tree. */
  readonly root: string;
  readonly there: readonly Origin[];
  readonly room: Bytes | null;
}

export interface Offer {
  /** For programs: { source: 'replica', target: 'nas' }. */
  readonly source: JsonObject & { readonly source: 'snapshot' | 'replica' };
  /** 'snapshot', 'replica nas' */
  readonly name: string;
  readonly snapshot: string;
  readonly at: Instant;
  readonly bytes: number | null;
  readonly remarks: readonly string[];
  readonly ifNotGood: string;
  /** Asks once more, and shows what is the newest then. Throws a HoldfastError where it cannot. */
  open(context: StepContext): Promise<OpenTree>;
}

export interface SourceAnswer {
  readonly said: SaidSource;
  /** With `found`. */
  readonly offer: Offer | null;
}

export const answered = (name: string, said: Exclude<Said, 'found'>, reason: string, mayPass = false): SourceAnswer => ({
  said: { name, said, reason, mayPass },
  offer: null,
});

/** What did not answer is asked a second time, then it is silent. Throws the signal's reason only. */
export async function askTwice(name: string, ask: () => Promise<SourceAnswer>, signal: AbortSignal): Promise<SourceAnswer> {
  for (let again = true; ; again = false) {
    try {
      return await ask(); // oxlint-disable-line no-await-in-loop -- the second time only when the first one failed
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      if (again && error.code !== 'timed-out' && error.retry !== 'never') continue;
      return answered(name, 'silent', error.message, error.retry !== 'never');
    }
  }
}

export const noTree = (operation: string, subject: string, message: string, hint?: string): HoldfastError =>
  new HoldfastError({ code: 'snapshot-missing', operation, subject, message, hint, retry: 'never' });
