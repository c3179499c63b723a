// A section of the configuration as text to be put into a file, remarks as comments above it.

import type { SanoidImport } from '../engine/import/sanoid.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

const WIDTH = 100;

export async function renderImport({ zfs, remarks }: SanoidImport, file: string): Promise<string> {
  const { stringify } = await import('yaml');
  const comments = [
    `What ${file} does, for holdfast.yaml. adopt: sanoid takes over what sanoid took: stop sanoid first (systemctl disable --now sanoid.timer). With adopt: beside both go on, each with snapshots of its own.`,
    ...remarks.map((remark) => `- ${remark}`),
  ];
  const lines = comments.flatMap((text) => wrapText(printable(text), WIDTH, '# ', text.startsWith('- ') ? '#   ' : '# '));
  return `${lines.join('\n')}\n${stringify({ replication: { zfs } }, { lineWidth: 0 })}`;
}
