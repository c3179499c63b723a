// Which hosts a keeper (see keeper.ts) keeps under which names: a file in its run directory. It is there before they are.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  kind: z.enum(['container', 'machine']),
  names: z.array(z.string()),
  /** ISO 8601. */
  at: z.string(),
});

export type Claim = Readonly<z.infer<typeof schema>>;

const FILE = 'keeper.json';

export function writeClaim(run: string, claim: Claim): void {
  const file = join(run, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(claim));
  renameSync(`${file}.new`, file);
}

/** Null when the run is no keeper's. */
export function readClaim(run: string): Claim | null {
  try {
    return schema.parse(JSON.parse(readFileSync(join(run, FILE), 'utf8')));
  } catch {
    return null;
  }
}
