// What the check of units needs to know of the machine. Looks, changes nothing.

import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../../journal/journal.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import type { SeenHost } from './check-units.ts';
import { differences } from './differences.ts';
import { observeSystemd } from './observe-systemd.ts';
import { observeUnits } from './observe-units.ts';
import { recoverables } from './recover-unit.ts';
import type { UnitScene, UnitSet } from './scene.ts';

/** Where systemd looks for the credentials of `LoadCredential=NAME`. */
const STORES = ['/etc/credstore', '/run/credstore', '/usr/local/lib/credstore', '/usr/lib/credstore'];

export async function observeHost(
  scene: UnitScene,
  set: UnitSet,
  directory: string,
  journal: Journal | null,
  signal: AbortSignal,
): Promise<SeenHost> {
  const { configuration, program } = scene;
  const names = [...configuration.repositories.values()].flatMap(({ password }) =>
    password.kind === 'credential' ? [password.name] : [],
  );
  const notFound = names.filter((name) => !isStored(name) && !hasDropIns(directory, set));
  const closed = STORES.find(isClosed);
  const systemd = await askSystemd(
    recoverables(configuration).map(({ unit }) => unit),
    directory,
    journal,
    signal,
  );
  return {
    differences: differences(set, await observeUnits(directory)),
    ...systemd,
    missingPrograms: programs(program).filter((word) => findProgram(word) === null && !existsSync(word)),
    missingCredentials: closed === undefined ? notFound : [],
    unseenCredentials: closed === undefined ? [] : notFound,
  };
}

/** The words before the options: an interpreter, and what it reads. */
const programs = (words: readonly string[]): string[] => {
  const end = words.indexOf('--config');
  return words.slice(0, end === -1 ? words.length : end);
};

const isStored = (name: string): boolean => STORES.some((store) => existsSync(join(store, name)));

/** It is there, and this user may not look into it. */
function isClosed(store: string): boolean {
  try {
    accessSync(store, constants.X_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EACCES';
  }
}

/** A drop-in of the administrator for the jobs may give it in another way. */
const hasDropIns = (directory: string, { files }: UnitSet): boolean =>
  [...files.keys()].some((path) => {
    const dropIns = join(directory, `${path}.d`);
    return path.endsWith('.service') && existsSync(dropIns) && readdirSync(dropIns).some((name) => name.endsWith('.conf'));
  });

async function askSystemd(
  units: readonly string[],
  directory: string,
  journal: Journal | null,
  signal: AbortSignal,
): Promise<Pick<SeenHost, 'active' | 'held' | 'unknownUnits'>> {
  try {
    await using manager = await openManager(signal);
    const facts = await Promise.all([...new Set(units)].map(async (unit) => ({ unit, ...(await manager.facts(unit)) })));
    return {
      ...(await observeSystemd(manager, directory, journal)),
      ...(journal === null ? { held: null } : {}),
      unknownUnits: new Set(facts.filter(({ load }) => load === 'not-found').map(({ unit }) => unit)),
    };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'unsupported') throw error;
    return { active: null, held: false, unknownUnits: new Set() };
  }
}
