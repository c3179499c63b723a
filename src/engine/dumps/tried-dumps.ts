// What loading the dumps of a copy into a server of one's own came to.

import { HoldfastError } from '../../lib/errors.ts';
import type { Validation } from '../validators/restored.ts';

export interface TriedDumps {
  /** Until every database was loaded. */
  readonly loadSeconds: number;
  readonly validations: readonly Validation[];
  /** What was found wrong, in sentences. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  /** What was loaded and read: for the record. */
  readonly loaded: Loaded | null;
}

export interface Loaded {
  readonly [key: string]: number | string | readonly string[];
  /** Of the server that it was loaded into. */
  readonly version: string;
  readonly databases: number;
  readonly tables: number;
  readonly rows: number;
  readonly read: readonly string[];
}

export const notLoaded = (problem: string, lines: readonly string[] = []): TriedDumps => ({
  loadSeconds: 0,
  validations: [],
  problems: [problem],
  lines,
  loaded: null,
});

/** An error that says something about the dumps, as an answer; any other is thrown. */
export function aboutTheDumps(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && (error.code === 'not-restored' || error.code === 'tool-failed')) return error;
  throw error;
}
