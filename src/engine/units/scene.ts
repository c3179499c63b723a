// What the units of a host are made from. Nothing here looks at the host.

import type { Configuration } from '../../config/configuration.ts';

export interface UnitScene {
  readonly configuration: Configuration;
  /** How this program is started, with the options that every command gets; the first word is an absolute path. */
  readonly program: readonly [string, ...string[]];
  /** For its processes. No secrets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What is on the disk of a host when its units are installed; paths are relative to the directory of units. */
export interface UnitSet {
  readonly files: ReadonlyMap<string, string>;
  /** Path and target of each symbolic link. */
  readonly links: ReadonlyMap<string, string>;
}
