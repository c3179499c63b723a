// Pages as one HTML document that needs nothing else: printed on A4, or opened from a stick in any browser.

import { type Block, type Page, seen, type Text } from './page.ts';

const STYLE = `
@page { size: A4; margin: 16mm 15mm 18mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 180mm; padding: 8mm 4mm; background: #fff; color: #111;
  font: 10.5pt/1.45 "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
article + article { break-before: page; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0 0 3mm; padding-bottom: 2mm; border-bottom: 2pt solid #111; }
h2 { font-size: 13.5pt; margin: 8mm 0 2mm; padding-bottom: 1mm; border-bottom: .5pt solid #999; break-after: avoid; }
h3 { font-size: 11.5pt; margin: 6mm 0 1.5mm; break-after: avoid; }
p, ul, table, pre { margin: 0 0 2.5mm; }
ul { padding-left: 5mm; }
li { margin-bottom: 1mm; }
code, pre { font-family: "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace; font-size: 9pt; }
code { overflow-wrap: anywhere; }
h1 code, h2 code, h3 code { font-size: .92em; }
pre { padding: 2mm 3mm; background: #f4f4f4; border: .5pt solid #bbb; border-left: 2.5pt solid #111; border-radius: 1mm;
  font-size: 8.5pt; white-space: pre-wrap; overflow-wrap: anywhere; break-inside: avoid; }
pre.alternative { background: #fff; border-left: 2.5pt dotted #888; }
.warning { padding: 2mm 3mm; border: 1.2pt solid #111; border-radius: 1mm; break-inside: avoid; }
table { width: 100%; border-collapse: collapse; font-size: 9pt; }
th, td { padding: 1mm 2mm 1mm 0; border-bottom: .5pt solid #bbb; text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
@media print { body { padding: 0; max-width: none; } pre, .warning { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
`;

export const htmlOf = (pages: readonly Page[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(pages.map(({ title }) => plain(title)).join(' · '))}</title>
<style>${STYLE}</style>
</head>
<body>
${pages.map(({ title, blocks }) => `<article>\n<h1>${inline(title)}</h1>\n${blocks.map(render).join('\n')}\n</article>`).join('\n')}
</body>
</html>
`;

function render(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${inline(block.text)}</h${block.level}>`;
    case 'paragraph':
      return `<p>${inline(block.text)}</p>`;
    case 'warning':
      return `<p class="warning"><strong>Note:</strong> ${inline(block.text)}</p>`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${inline(item)}</li>`).join('\n')}\n</ul>`;
    case 'table': {
      const head = block.head.map((each) => `<th>${escapeHtml(each)}</th>`).join('');
      const rows = block.rows.map((cells) => `<tr>${cells.map((cell) => `<td>${inline(cell)}</td>`).join('')}</tr>`);
      return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
    }
    case 'commands':
      return `<pre>${escapeHtml(block.lines.join('\n'))}</pre>`;
    default:
      return `<pre class="alternative">${escapeHtml(block.lines.join('\n'))}</pre>`;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Text as content, or as the value of an attribute. */
export const escapeHtml = (value: string): string =>
  value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

const inline = (value: Text): string =>
  value
    .map((part) => {
      if (typeof part === 'string') return escapeHtml(part);
      if ('code' in part) return `<code>${escapeHtml(seen(part.code))}</code>`;
      return 'said' in part ? escapeHtml(seen(part.said)) : `<strong>${inline(part.strong)}</strong>`;
    })
    .join('');

const plain = (value: Text): string =>
  value
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('code' in part) return seen(part.code);
      return 'said' in part ? seen(part.said) : plain(part.strong);
    })
    .join('');
