import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters, styleText } from 'node:util';
import { renderTable, widthOf } from '../../src/cli/table.ts';

const COLUMNS = [
  { title: 'NAME', names: true },
  { title: 'AGE', align: 'right' },
  { title: 'WHERE', names: true },
] as const;
const LONG = 'a-name-that-somebody-found-good-to-have';
const ROWS = [
  [LONG, '3d', `${LONG}-too`],
  ['short', '12h', styleText('bold', `${LONG}-bold`, { validateStream: false })],
];

test('names are shortened in their middle until a table fits, and keep their ends and colours', () => {
  const lines = renderTable(COLUMNS, ROWS, 50).trimEnd().split('\n');
  for (const line of lines) assert.ok(widthOf(line) <= 50, line);
  assert.match(lines[1] ?? '', /^a-name-\S*…\S*-have +3d {2}a-name-\S*…\S*too$/);
  assert.match(stripVTControlCharacters(lines[2] ?? ''), /^short +12h {2}a-name-\S*…\S*bold$/);
  assert.ok(lines[2]?.endsWith('bold\u001b[22m'), 'bold to its end');
});

test('nothing is shortened without a width, and no name beyond recognition', () => {
  assert.ok(!renderTable(COLUMNS, ROWS).includes('…'));
  for (const line of renderTable(COLUMNS, ROWS, 10).trimEnd().split('\n').slice(1)) {
    assert.ok(
      line.split(/ +/).every((cell) => !cell.includes('…') || widthOf(cell) === 12),
      line,
    );
  }
});
