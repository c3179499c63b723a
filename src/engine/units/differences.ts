// What separates the units that a configuration asks for from those that are there. Pure: it decides what may be touched.

import { basename } from 'node:path';
import type { Found, FoundUnits } from './observe-units.ts';
import type { UnitSet } from './scene.ts';
import { sealOf } from './seal.ts';

/**
 * `same`, `missing`, `outdated`: as asked for, not there, of another configuration. `left-over`: ours, and not asked for any more.
 * `edited`: ours, and changed by hand. `foreign`: somebody else's, under a name that is wanted (a mask is such a link).
 */
export type Standing = 'same' | 'missing' | 'outdated' | 'left-over' | 'edited' | 'foreign';

export interface Difference {
  readonly path: string;
  readonly kind: 'file' | 'link';
  readonly standing: Standing;
  /** It is not asked for any more, whatever it is. */
  readonly unwanted: boolean;
}

/** Of everything that is wanted or ours, sorted by path. */
export function differences(wanted: UnitSet, found: FoundUnits): Difference[] {
  const files = [...wanted.files].map(([path, text]) => difference(path, 'file', standingOfFile(text, found.get(path))));
  const links = [...wanted.links].map(([path, target]) => difference(path, 'link', standingOfLink(target, found.get(path))));
  const others = [...found].flatMap(([path, seen]) => {
    if (wanted.files.has(path) || wanted.links.has(path)) return [];
    const standing = seen.kind === 'file' ? unwantedFile(seen.text) : unwantedLink(path, seen.target, found);
    return standing ? [{ ...difference(path, seen.kind, standing), unwanted: true }] : [];
  });
  return [...files, ...links, ...others].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const difference = (path: string, kind: Difference['kind'], standing: Standing): Difference => ({
  path,
  kind,
  standing,
  unwanted: false,
});

function standingOfFile(text: string, found: Found | undefined): Standing {
  if (!found) return 'missing';
  if (found.kind === 'link') return 'foreign';
  if (found.text === text) return 'same';
  const seal = sealOf(found.text);
  return seal === 'intact' ? 'outdated' : seal;
}

function standingOfLink(target: string, found: Found | undefined): Standing {
  if (!found) return 'missing';
  if (found.kind === 'file') return 'foreign';
  return basename(found.target) === basename(target) ? 'same' : 'foreign'; // systemctl enable writes whole paths
}

function unwantedFile(text: string): Standing | null {
  const seal = sealOf(text);
  return seal === 'foreign' ? null : seal === 'edited' ? 'edited' : 'left-over';
}

/** The link by which one of our units was enabled: it goes with that unit, and stays with one that stays. */
function unwantedLink(path: string, target: string, found: FoundUnits): Standing | null {
  const name = basename(path);
  if (!path.includes('/') || basename(target) !== name) return null;
  const unit = found.get(name);
  if (!unit) return target === `../${name}` ? 'left-over' : null; // as we write them
  return unit.kind === 'file' && sealOf(unit.text) === 'intact' ? 'left-over' : null;
}
