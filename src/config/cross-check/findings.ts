// What a cross-check found, each at the place where the culprit was written.

import type { ConfigProblem } from '../configuration.ts';
import type { SourceDocument } from '../document.ts';
import { formatPath, type KeyPath, problem } from '../problems.ts';
import type { DeclaredService, Resolved } from '../resolve.ts';
import { shortName } from '../resolve.ts';
import type { ConfigurationFile } from '../schema.ts';
import { exposureOf, type SecretFile } from '../secret-files.ts';

export interface CrossCheckInput {
  readonly main: SourceDocument;
  readonly file: ConfigurationFile;
  readonly services: readonly DeclaredService[];
  readonly resolved: Resolved;
  /** Paths such as 'repositories.nas' that are written but were left out because something in them is wrong. */
  readonly leftOut: ReadonlySet<string>;
}

/** Gates over units that others made, and snapshots of ZFS, need neither service nor repository. */
export const needsNoService = ({ file, services, resolved }: CrossCheckInput): boolean => {
  const { snapshots, targets } = resolved.configuration.replication;
  return services.length === 0 && Object.keys(file.gate ?? {}).length + snapshots.datasets.length + targets.length > 0;
};

export class Findings {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly secretFiles: SecretFile[] = [];
  readonly #input: CrossCheckInput;

  constructor(input: CrossCheckInput) {
    this.#input = input;
  }

  error(path: KeyPath, message: string): void {
    this.errors.push(this.#at(path, message));
  }

  warn(path: KeyPath, message: string): void {
    this.warnings.push(this.#at(path, message));
  }

  /** A file that must not be open to everybody; whether it is, is looked at later. */
  secretFile(path: KeyPath, secret: string): void {
    this.secretFiles.push({ secret, problem: this.#at(path, exposureOf(secret)) });
  }

  /** `forge.yaml:12`: the other place, inside of a message. */
  place(path: KeyPath): string {
    const document = this.#documentOf(path);
    const at = document.locate(path);
    return `${shortName(document.file)}${at ? `:${at.line}` : ''}`;
  }

  #at(path: KeyPath, message: string): ConfigProblem {
    const document = this.#documentOf(path);
    return problem(document.file, message, formatPath(path), document.locate(path));
  }

  #documentOf(path: KeyPath): SourceDocument {
    const service = path[0] === 'services' ? this.#input.services.find(({ name }) => name === path[1]) : undefined;
    return service?.document ?? this.#input.main;
  }
}
