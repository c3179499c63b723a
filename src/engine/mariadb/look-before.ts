// Before anything of a service comes back in place: whether its server has something where databases of the copy belong. The files of the
// service are restored first, and must not be for nothing.

import { join } from 'node:path';
import type { MariadbDumps } from '../../config/configuration.ts';
import { dumpsIn } from '../../config/resolve-dumps.ts';
import { MANIFEST } from '../../domain/database-dumps.ts';
import { parseJson } from '../../lib/json.ts';
import { mariadbCatalogue } from '../../tools/mariadb/catalogue.ts';
import { resticDump } from '../../tools/restic/dump.ts';
import { notWhole } from '../dumps/restored-set.ts';
import type { Observed } from '../snapshots/observe-snapshots.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { mariadbManifest } from './read-set.ts';
import { requireEmpty } from './taken.ts';

/** Throws `refused` where a database is not empty, and what asking the server and the repository throws. */
export async function lookBefore(
  service: string,
  { server }: MariadbDumps,
  { repository, snapshot }: Observed,
  toolbox: Toolbox,
  signal: AbortSignal,
): Promise<void> {
  const place = dumpsIn(snapshot.paths, service);
  if (place === null) return; // told by the step itself
  const access = await accessTo(toolbox, repository, signal);
  const text = await resticDump(access, { snapshotId: snapshot.id, path: join(place, MANIFEST) }, { signal });
  const set = mariadbManifest.safeParse(parseJson(text));
  if (!set.success) throw notWhole(service, `its manifest (${MANIFEST}) is none of a MariaDB server`);
  await requireEmpty(service, server, await mariadbCatalogue(server, service, signal), set.data.databases, signal);
}
