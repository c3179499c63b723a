// Commands of stock restic as people type them: what a page shows, never what Holdfast runs.

import { shellWord } from '../../lib/shell-word.ts';
import { literalPattern } from './pattern.ts';

/** Fits on paper, in a font that can be read. */
const COLUMNS = 88;
/** What a line ends with that goes on in the next one. */
const CONTINUED = ' \\'.length;

/** One command over as many lines as it takes; what belongs together stays on one line. */
export function typed(parts: readonly string[]): string {
  let line = '';
  const lines: string[] = [];
  for (const [index, part] of parts.entries()) {
    const most = index === parts.length - 1 ? COLUMNS : COLUMNS - CONTINUED;
    if (line !== '' && line.length + 1 + part.length > most) {
      lines.push(`${line} \\`);
      line = `  ${part}`;
    } else {
      line = line === '' ? part : `${line} ${part}`;
    }
  }
  return [...lines, line].join('\n');
}

export interface Selection {
  readonly host: string;
  readonly tag: string;
}

const selecting = ({ host, tag }: Selection): string[] => [`--host ${shellWord(host)}`, `--tag ${shellWord(tag)}`];

/** The last few of each job: enough to see whether the newest is much smaller than those before it. */
export const snapshotsByHand = (host: string): string =>
  typed(['restic snapshots', `--host ${shellWord(host)}`, '--latest 3']);

export interface RestoreByHand {
  /** The newest of a job of a host, or one by its id. */
  readonly snapshot: Selection | string;
  /** A word of the shell: quoted already. */
  readonly target: string;
  /** Absolute paths. */
  readonly exclude?: readonly string[];
}

/** Everything that is restored is read back. Holes stay holes: a disk of the same size must be enough. */
export const restoreByHand = ({ snapshot, target, exclude = [] }: RestoreByHand): string =>
  typed([
    ...(typeof snapshot === 'string' ? [`restic restore ${snapshot}`] : ['restic restore latest', ...selecting(snapshot)]),
    `--target ${target} --sparse --verify`,
    ...exclude.map((path) => `--exclude ${shellWord(literalPattern(path))}`),
  ]);

export const dumpByHand = (selection: Selection, path: string, file: string): string =>
  typed(['restic dump', ...selecting(selection), `latest ${shellWord(path)}`, `>${file}`]);
