// What the schema cannot see: parts of the configuration that do not fit together.

import type { ConfigProblem } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import type { DeclaredService, Resolved } from './resolve.ts';
import type { ConfigurationFile } from './schema.ts';

export interface CrossCheckInput {
  readonly main: SourceDocument;
  readonly file: ConfigurationFile;
  readonly services: readonly DeclaredService[];
  readonly resolved: Resolved;
  /** Paths such as 'repositories.nas' that are written but were left out because something in them is wrong. */
  readonly leftOut: ReadonlySet<string>;
}

export interface CrossCheckResult {
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

export function crossCheck(_input: CrossCheckInput): CrossCheckResult {
  return { errors: [], warnings: [] };
}
