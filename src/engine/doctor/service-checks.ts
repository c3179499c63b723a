// Each service: its paths are there and readable, its databases are databases, and no file system that belongs at one of
// its paths is missing or hidden. Nothing is opened for writing; a database is known by its first bytes.

import { open } from 'node:fs/promises';
import type { ServiceConfig } from '../../config/configuration.ts';
import { pathsKey } from '../../config/paths-key.ts';
import { duration } from '../../domain/duration.ts';
import { concerns, type Mount } from '../../domain/mount.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { normalPath } from '../../lib/path.ts';
import { declaredMounts } from '../../repositories/declared-mounts.ts';
import { probePath } from '../../tools/util-linux/probe.ts';
import { serverHeldBy } from '../layers/observe-layers.ts';
import { type ObservedScene, observeScene } from '../layers/observe-scene.ts';
import { type Check, type DoctorInput, type Finding, ok, problem } from './check.ts';
import { layerFindings, type Looking } from './layer-findings.ts';
import { snapshotFindings } from './snapshot-findings.ts';

export function serviceChecks({ config, user }: DoctorInput): Check[] {
  const services = [...config.services.values()].filter((service) => pathsOf(service).length > 0);
  let observed: Promise<ObservedScene> | null = null;
  return services.map((service) => ({
    id: `service:${service.name}`,
    title: service.name,
    limit: LIMIT,
    run: async (signal) => {
      observed ??= observeScene(services, signal); // once: all checks begin at once, and have the same time
      return await examineService(service, await observed, { user, signal });
    },
  }));
}

/** ZFS, paths and what lies beneath mounts are asked one after the other, each with a limit of its own. */
const LIMIT = duration(1, 'm');

/** Of the directory of its server only the layers are looked at: see server-checks.ts. */
const pathsOf = (service: ServiceConfig): string[] => [...(service.backup?.paths ?? []), ...serverHeldBy(service).paths];

async function examineService(service: ServiceConfig, scene: ObservedScene, { user, signal }: Looking): Promise<Finding[]> {
  const { paths = [], databases = [] } = service.backup ?? {};
  const all = pathsOf(service);
  const probed = await Promise.all(all.map(async (path) => ({ path, facts: await probe(path, signal) })));
  const there = probed.flatMap(({ path, facts }) => ('found' in facts && facts.found !== null ? [path] : []));
  const read = there.filter((path) => paths.includes(path));
  const findings = [
    ...missingMounts(all, await declaredMounts(), scene.mounts.all),
    ...(await layerFindings(service, there, scene, { user, signal })),
    ...probed.flatMap(({ path, facts }) => (paths.includes(path) ? pathFindings(service, path, facts) : [])),
    ...(await Promise.all(databases.map(({ path }) => checkDatabase(service.name, path, signal)))).flat(),
    ...(service.backup ? await snapshotFindings(service.name, service.backup, read, { user, signal }) : []),
  ];
  const count =
    databases.length === 0 ? '' : `, ${databases.length === 1 ? 'its database' : `${databases.length} databases`} in order`;
  if (paths.length === 0) return findings;
  const well = ok(`${paths.length === 1 ? paths[0] : `${paths.length} paths`} readable${count}`);
  return findings.some(({ health }) => health !== 'ok') ? findings : [well, ...findings];
}

/** Only what is wrong. */
function pathFindings(service: ServiceConfig, path: string, facts: Probed): Finding[] {
  if ('health' in facts) return [facts];
  if (facts.found !== null) return facts.found.readable ? [] : [problem(`${path} cannot be read by this user`, READ_FIX)];
  const fix = `Is its file system mounted? If it moved, correct ${pathsKey(service)}.`;
  return [problem(`${path} does not exist`, fix)];
}

const READ_FIX = 'Run Holdfast as root or as the owner of the data, or give this user the right to read it.';
const SQLITE_HEADER = 'SQLite format 3\0';

async function checkDatabase(service: string, path: string, signal: AbortSignal): Promise<Finding[]> {
  const facts = await probe(path, signal);
  if ('health' in facts) return [facts];
  const fix = `Correct services.${service}.backup.databases, or take the entry out when the database is gone for good.`;
  if (facts.found === null) return [problem(`the database ${path} does not exist`, fix)];
  if (facts.found.type === 'regular empty file') return []; // SQLite takes one for a database without tables
  if (facts.found.type !== 'regular file') return [problem(`the database ${path} is a ${facts.found.type}`, fix)];
  if (!facts.found.readable) return [problem(`the database ${path} cannot be read by this user`, READ_FIX)];
  return (await headerOf(path)) === SQLITE_HEADER ? [] : [problem(`${path} is not a SQLite database`, fix)];
}

async function headerOf(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_HEADER.length), 0, SQLITE_HEADER.length, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

type Probed = { readonly found: Awaited<ReturnType<typeof probePath>> } | Finding;

/** One path that does not answer must not keep the others from being told. */
async function probe(path: string, signal: AbortSignal): Promise<Probed> {
  try {
    return { found: await probePath(path, signal) };
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    return problem(error.message, error.hint ?? null);
  }
}

/** A path whose file system is not there: what is written now lies hidden under it later. */
export function missingMounts(paths: readonly string[], declared: readonly string[], current: readonly Mount[]): Finding[] {
  const mounted = new Set(current.filter(({ type }) => type !== 'autofs').map(({ path }) => path)); // a trigger is none
  const concerned = (mount: string): boolean => paths.some((path) => concerns(mount, normalPath(path)) !== null);
  return declared
    .filter((mount) => mount !== '/' && !mounted.has(mount) && concerned(mount))
    .map((mount) =>
      problem(
        `${mount} should be mounted (/etc/fstab) and is not`,
        `mount ${mount}; what was written there meanwhile lies below it then`,
      ),
    );
}
