// `restic key list`: the keys of a repository. Their ids are the names of the files in its directory `keys`, which everybody can
// compare who has the disk and not the password.

import * as z from 'zod';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';

export interface RepositoryKey {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The one that the password at hand opens. */
  readonly current: boolean;
  /** Who made it, where. */
  readonly user: string;
  readonly host: string;
  /** `2026-03-01 12:00:00` in the time zone of this machine, as restic prints it. */
  readonly created: string;
}

const OPERATION = 'list the keys of';
const keyList = z.array(
  z.object({
    id: fullId,
    current: z.boolean(),
    userName: z.string().default(''),
    hostName: z.string().default(''),
    created: z.string(),
  }),
);

/** Throws `tool-output`. */
export const parseKeys = (stdout: string, subject: string): RepositoryKey[] =>
  parseDocument(stdout, keyList, OPERATION, subject).map(({ id, current, userName, hostName, created }) => ({
    id,
    current,
    user: userName,
    host: hostName,
    created,
  }));

/** Opens the repository once. */
export async function resticKeys(access: ResticAccess, options: ResticOptions): Promise<RepositoryKey[]> {
  const { stdout } = await invokeRestic(access, { args: ['key', 'list'], operation: OPERATION, brief: true }, options);
  return parseKeys(stdout, access.subject);
}
