// Small words that every part of the page uses.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { type Block, type Code, code } from '../../lib/page/page.ts';
import type { KitSnapshot, KitSecret, Kit } from './kit.ts';

/** `2026-03-01 12:00 UTC`: paper does not know in which zone it is read. */
export const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

export const shortId = (id: string): Code => code(id.slice(0, 8));

/** `1,234 files, 5.67 GiB`; empty where no record tells. */
export function amountOf({ files, bytes }: KitSnapshot): string {
  const parts = [
    ...(files === null ? [] : [`${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}`]),
    ...(bytes === null ? [] : [describeBytes(bytes as Bytes)]), // as the kit says
  ];
  return parts.join(', ');
}

export const completeness = ({ complete }: KitSnapshot): string =>
  complete === null ? 'no record tells whether it is complete' : complete ? 'complete' : 'known to be INCOMPLETE';

/** Where everything of this recovery is on the new machine, as a word of its shell. */
export const inHome = (name: string): string => `"$HOME/recovery/${name}"`;

export const secretFile = (kit: Pick<Kit, 'repository'>, purpose: KitSecret['purpose']): string =>
  `${kit.repository}.${purpose}`;

export const heading = (words: string): Block => ({ kind: 'heading', level: 2, text: [words] });
