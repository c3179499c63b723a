// Three commands with which to look at a demo that was kept, as they have to be typed here.

import { join } from 'node:path';
import { findProgram } from '../../process/find-program.ts';
import { NEAR } from './configuration.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Scratch } from './scratch.ts';

export function lookAround({ root }: Scratch): string[] {
  const restic = `${resticHere()} -r repositories/${NEAR} --password-file secrets/${NEAR}.pw`;
  return [`cd ${shellWord(root)}`, `${holdfastHere()} status`, `${holdfastHere()} history`, `${restic} snapshots`];
}

/** The checkout that this runs from; null for a release. */
export const CHECKOUT = import.meta.filename.endsWith('.ts') ? join(import.meta.dirname, '../../..') : null;

const holdfastHere = (): string => (CHECKOUT === null ? 'holdfast' : shellWord(join(CHECKOUT, 'holdfast')));

/** A restic of the checkout is found by nobody else. */
function resticHere(): string {
  const program = findProgram(process.env['HOLDFAST_RESTIC'] || 'restic') ?? 'restic';
  return CHECKOUT !== null && program.startsWith(`${CHECKOUT}/`) ? shellWord(program) : 'restic';
}
