// Each service: its paths are there and readable, its databases are databases, and no file system that belongs at one of
// its paths is missing or hidden. Nothing is opened for writing; a database is known by its first bytes.

import { open, readFile } from 'node:fs/promises';
import type { ServiceConfig } from '../../config/configuration.ts';
import { contains, normalPath } from '../../config/repository-url.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { parseMountPoints } from '../../repositories/mounts.ts';
import { probePath } from '../../tools/util-linux/probe.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, warning } from './check.ts';

export const serviceChecks = ({ config }: DoctorInput): Check[] =>
  [...config.services.values()].flatMap((service) =>
    service.backup === null
      ? []
      : [
          {
            id: `service:${service.name}`,
            title: service.name,
            run: (signal: AbortSignal) => examineService(service, signal),
          },
        ],
  );

async function examineService(service: ServiceConfig, signal: AbortSignal): Promise<Finding[]> {
  const { paths = [], databases = [], useSnapshots = false } = service.backup ?? {};
  const findings = [
    ...missingMounts(paths, await declaredMounts(), await currentMounts()),
    ...(await Promise.all(paths.map((path) => checkPath(service.name, path, signal)))).flat(),
    ...(await Promise.all(databases.map(({ path }) => checkDatabase(service.name, path, signal)))).flat(),
    ...(useSnapshots
      ? [
          warning(
            'useSnapshots is not available in this version: its runs are partial',
            'Take useSnapshots out until it is.',
          ),
        ]
      : []),
  ];
  const count =
    databases.length === 0 ? '' : `, ${databases.length === 1 ? 'its database' : `${databases.length} databases`} in order`;
  return findings.length > 0
    ? findings
    : [ok(`${paths.length === 1 ? paths[0] : `${paths.length} paths`} readable${count}`)];
}

/** Only what is wrong. */
async function checkPath(service: string, path: string, signal: AbortSignal): Promise<Finding[]> {
  const facts = await probe(path, signal);
  if ('health' in facts) return [facts];
  if (facts.found === null) {
    return [
      problem(
        `${path} does not exist`,
        `Is its file system mounted? If it moved, correct services.${service}.backup.paths.`,
      ),
    ];
  }
  return facts.found.readable ? [] : [problem(`${path} cannot be read by this user`, READ_FIX)];
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

/** fstab(5): what the administrator says should be mounted. */
export const parseFstab = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([source = '', target = '']) => !source.startsWith('#') && target.startsWith('/'))
    .map(([, target = '']) =>
      target.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
    )
    .map(normalPath);

/** A path whose file system is not there (what is written now lies hidden under it later), or is there twice. */
export function missingMounts(paths: readonly string[], declared: readonly string[], current: readonly string[]): Finding[] {
  const concerned = (mount: string): boolean =>
    paths.map(normalPath).some((path) => path === mount || contains(mount, path) || contains(path, mount));
  const mounted = new Set(current);
  const twice = [...new Set(current.filter((mount, index) => current.indexOf(mount) !== index))];
  return [
    ...declared
      .filter((mount) => mount !== '/' && !mounted.has(mount) && concerned(mount))
      .map((mount) =>
        problem(
          `${mount} should be mounted (/etc/fstab) and is not`,
          `mount ${mount}; what was written there meanwhile lies below it then`,
        ),
      ),
    ...twice
      .filter((mount) => mount !== '/' && concerned(mount))
      .map((mount) =>
        warning(
          `two file systems are mounted at ${mount}: one hides the other`,
          `findmnt ${mount}, then umount the wrong one`,
        ),
      ),
  ];
}

async function declaredMounts(): Promise<readonly string[]> {
  try {
    return parseFstab(await readFile('/etc/fstab', 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return []; // NixOS containers and the like have none
  }
}

/** In the order of mounting, a mount point as often as something is mounted there; an automount's trigger does not count. */
async function currentMounts(): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => !/ - autofs /.test(line));
  return lines.flatMap((line) => [...parseMountPoints(line)]);
}
