// `barman-cloud-restore`: a base backup put into a directory. It writes nothing of a recovery there; see recovery-words.ts.

import type { Tablespace } from './backup-list.ts';
import { type BarmanCloud, type BarmanOptions, invokeBarman, type Invocation } from './invoke.ts';

export interface RestoreRequest {
  readonly id: string;
  /** The data directory: absolute, empty. */
  readonly directory: string;
  /** Below this directory each comes under its number: without that they would go back to where they were. */
  readonly tablespaces: { readonly below: string; readonly all: readonly Tablespace[] };
}

export const restoreInvocation = ({ id, directory, tablespaces }: RestoreRequest): Invocation => ({
  program: 'restore',
  options: tablespaces.all.map(({ name, oid }) => `--tablespace=${name}:${tablespaces.below}/${oid}`),
  operands: [id, directory],
  operation: 'restore',
});

export async function barmanRestore(access: BarmanCloud, request: RestoreRequest, options: BarmanOptions): Promise<void> {
  await invokeBarman(access, restoreInvocation(request), options);
}
