// Pages as Markdown that also reads well as plain text.

import { type Block, type Page, seen, type Text } from './page.ts';

export const markdownOf = (pages: readonly Page[]): string =>
  pages.map(({ title, blocks }) => [`# ${inline(title)}`, ...blocks.map(render)].join('\n\n')).join('\n\n---\n\n') + '\n';

function render(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${inline(block.text)}`;
    case 'paragraph':
      return inline(block.text);
    case 'warning':
      return `> **Note:** ${inline(block.text)}`;
    case 'list':
      return block.items.map((item) => `- ${inline(item)}`).join('\n');
    case 'table':
      return [row(block.head), row(block.head.map(() => '---')), ...block.rows.map((cells) => row(cells.map(cell)))].join(
        '\n',
      );
    case 'commands':
      return fenced('sh', block.lines);
    default:
      return fenced('text', block.lines);
  }
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const cell = (value: Text): string => inline(value).replaceAll('|', String.raw`\|`);

/** A fence is longer than any run of backticks inside of it. */
function fenced(language: string, lines: readonly string[]): string {
  const content = lines.join('\n');
  const fence = '`'.repeat(Math.max(3, longestRun(content) + 1));
  return `${fence}${language}\n${content}\n${fence}`;
}

const inline = (value: Text): string =>
  value
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('code' in part) return codeSpan(seen(part.code));
      return 'said' in part ? escaped(seen(part.said)) : `**${inline(part.strong)}**`;
    })
    .join('');

const escaped = (value: string): string => value.replaceAll(/[\\`*_[\]<>#~|!&]/g, String.raw`\$&`);

function codeSpan(value: string): string {
  const ticks = '`'.repeat(longestRun(value) + 1);
  const space = value === '' || /^[` ]|[` ]$/.test(value) ? ' ' : '';
  return `${ticks}${space}${value}${space}${ticks}`;
}

const longestRun = (value: string): number => Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length));
