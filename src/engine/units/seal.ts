// The head of every file that Holdfast writes for systemd: by it a file is known to be ours, and one that was changed by hand.

import { createHash } from 'node:crypto';

const HEAD =
  '# Written by Holdfast from its configuration. Do not edit it: a drop-in (systemctl edit) stays, this does not.';
const DIGEST = '# holdfast-sha256: ';

const digestOf = (body: string): string => createHash('sha256').update(body).digest('hex');

export const sealed = (body: string): string => `${HEAD}\n${DIGEST}${digestOf(body)}\n\n${body}`;

/** `edited`: we wrote it, and somebody has changed it. `foreign`: we did not write it. */
export type Seal = 'intact' | 'edited' | 'foreign';

export function sealOf(text: string): Seal {
  const at = text.indexOf(DIGEST);
  const isHead = at === 0 || text[at - 1] === '\n';
  if (at === -1 || !isHead) return 'foreign';
  const start = at + DIGEST.length;
  const digest = text.slice(start, start + 64);
  const body = text.slice(start + 64);
  return text.startsWith(`${HEAD}\n${DIGEST}`) && body.startsWith('\n\n') && digest === digestOf(body.slice(2))
    ? 'intact'
    : 'edited';
}
