// What systemd is asked and ordered over D-Bus, each with the parser of its answer, and what it says by itself.
// https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html

import * as z from 'zod';
import type { Instant } from '../../domain/instant.ts';
import { type Call, DBUS, type Signal, SYSTEMD } from './bus.ts';
import type { Properties } from './unit-state.ts';

const ROOT = '/org/freedesktop/systemd1';
const MANAGER = { path: ROOT, interface: `${SYSTEMD}.Manager` };
const PROPERTIES = `${DBUS}.Properties`;

const text = z.string();
const properties: z.ZodType<Properties> = z.record(z.string(), z.unknown());
/** The last part of its path. */
const jobNumber = z.string().transform((path) => Number(path.split('/').at(-1)));
/** Name, description, load, active, sub, followed unit, path, job, its type and its path. */
const unitList = z.array(z.tuple([text, text, text, text, text]).rest(z.unknown()));

/** The object of a unit, which is of its real name when `name` is an alias. Loads it when it is not. */
export const loadUnit = (name: string): Call<string> => ({
  ...MANAGER,
  operation: 'load',
  subject: name,
  member: 'LoadUnit',
  signature: 's',
  body: [name],
  read: (path) => text.parse(path),
});

/** All there is to know of a unit. Loads it again when it was unloaded. */
export const unitProperties = (name: string, path: string): Call<Properties> => ({
  operation: 'look at',
  subject: name,
  path,
  interface: PROPERTIES,
  member: 'GetAll',
  signature: 's',
  body: [''], // of all interfaces: what every unit has, and what only services have
  read: (answer) => properties.parse(answer),
});

/** 'start', 'stop', 'restart', ... */
export const jobType = (job: number): Call<string> => ({
  operation: 'look at',
  subject: `job ${job}`,
  path: `${ROOT}/job/${job}`,
  interface: PROPERTIES,
  member: 'Get',
  signature: 'ss',
  body: [`${SYSTEMD}.Job`, 'JobType'],
  read: (type) => text.parse(type),
});

/** Answers with the number of the job. A job that contradicts it is cancelled, as with systemctl. */
export const enqueue = (verb: 'start' | 'restart' | 'stop', name: string): Call<number> => ({
  ...MANAGER,
  operation: verb,
  subject: name,
  member: { start: 'StartUnit', restart: 'RestartUnit', stop: 'StopUnit' }[verb],
  signature: 'ss',
  body: [name, 'replace'],
  read: (path) => jobNumber.parse(path),
});

/** Answers once it has read them all. */
export const reload = (): Call<void> => ({
  ...MANAGER,
  operation: 'reload',
  subject: 'systemd',
  member: 'Reload',
  read: () => {},
});

/** Sends the signal to every process of its control group. */
export const kill = (name: string, signal: number): Call<void> => ({
  ...MANAGER,
  operation: 'kill',
  subject: name,
  member: 'KillUnit',
  signature: 'ssi',
  body: [name, 'all', signal],
  read: () => {},
});

export interface ListedUnit {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
}

const toListed = (answer: unknown): ListedUnit[] =>
  unitList.parse(answer).map(([name, , load, active, sub]) => ({ name, load, active, sub }));

/** Those that are loaded and match any of the patterns. */
export const listUnits = (patterns: readonly string[]): Call<ListedUnit[]> => ({
  ...MANAGER,
  operation: 'list',
  subject: patterns.join(' '),
  member: 'ListUnitsByPatterns',
  signature: 'asas',
  body: [[], patterns],
  read: toListed,
});

/** These, loaded for it. */
export const listUnitsByName = (names: readonly string[]): Call<ListedUnit[]> => ({
  ...MANAGER,
  operation: 'list',
  subject: names.join(' '),
  member: 'ListUnitsByNames',
  signature: 'as',
  body: [names],
  read: toListed,
});

/** The directories that it reads unit files from; what comes first wins. */
export const unitPath = (): Call<string[]> => ({
  operation: 'look at',
  subject: 'the directories of units',
  path: ROOT,
  interface: PROPERTIES,
  member: 'Get',
  signature: 'ss',
  body: [MANAGER.interface, 'UnitPath'],
  read: (directories) => z.array(text).parse(directories),
});

/** When it last read all unit files; microseconds of the wall clock. */
export const unitsLoaded = (): Call<Instant> => ({
  operation: 'look at',
  subject: 'systemd',
  path: ROOT,
  interface: PROPERTIES,
  member: 'Get',
  signature: 'ss',
  body: [MANAGER.interface, 'UnitsLoadTimestamp'],
  read: (at) => Number(z.bigint().parse(at) / 1000n) as Instant,
});

const changed = z.tuple([text, properties]).rest(z.unknown());
const reloading = z.tuple([z.boolean()]);
const removed = z.tuple([z.number(), text, text, text]);

export type News =
  | { readonly kind: 'changed'; readonly path: string; readonly properties: Properties; readonly complete: boolean }
  | { readonly kind: 'reloading'; readonly active: boolean }
  | { readonly kind: 'job-ended'; readonly unit: string; readonly job: number; readonly result: string };

/**
 * A change comes in two parts, that of services first; what belongs together is `complete` with the second. Null for signals
 * that tell nothing of a unit's doing.
 */
export function newsOf({ path, interface: name, member, body }: Signal): News | null {
  if (name === PROPERTIES && member === 'PropertiesChanged') {
    const [of, values] = changed.parse(body);
    return { kind: 'changed', path, properties: values, complete: of === `${SYSTEMD}.Unit` };
  }
  if (name !== MANAGER.interface) return null;
  if (member === 'Reloading') return { kind: 'reloading', active: reloading.parse(body)[0] };
  if (member !== 'JobRemoved') return null;
  const [job, , unit, result] = removed.parse(body);
  return { kind: 'job-ended', unit, job, result };
}
