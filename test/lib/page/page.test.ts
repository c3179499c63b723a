// Pages say the same as Markdown and as HTML, and nothing that is put into them can break out of its place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { htmlOf } from '../../../src/lib/page/html.ts';
import { markdownOf } from '../../../src/lib/page/markdown.ts';
import { code, type Page, said, seen, strong, text } from '../../../src/lib/page/page.ts';
import { commandsOfPage } from '../../support/recovery-page.ts';

const page = (value: string, lines: readonly string[] = ['true']): Page => ({
  title: ['Page of ', code(value)],
  blocks: [
    { kind: 'heading', level: 2, text: text`About ${value}` },
    { kind: 'paragraph', text: text`${strong(text`Mind ${value}`)} and ${said(value)}` },
    { kind: 'table', head: ['A', 'B'], rows: [[[code(value)], [said(value)]]] },
    { kind: 'list', items: [[code(value)]] },
    { kind: 'warning', text: [said(value)] },
    { kind: 'alternative', lines: ['never'] },
    { kind: 'commands', lines },
  ],
});

/** What a browser shows. */
const shown = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name] ?? '',
    );

const names = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed()),
  fc.constantFrom('</pre><script>', '```', '`', '|', '**', '\n\n# x', '<!--', '&amp;', '-->', ']]>', ' x '),
);

test('in HTML every name is shown as it is, and is never markup', () => {
  const bones = (html: string): string[] => html.match(/<[^>]*>/g) ?? [];
  const plain = bones(htmlOf([page('x')]));
  fc.assert(
    fc.property(names, (name) => {
      const html = htmlOf([page(name)]);
      assert.deepEqual(bones(html), plain);
      assert.ok(shown(html).includes(`About ${seen(name)}\n`));
    }),
  );
});

test('in Markdown every name stays in its line and its cell, and commands are found as they are', () => {
  const line = fc.string().map((value) => value.replaceAll('\n', ' '));
  fc.assert(
    fc.property(names, fc.array(line, { minLength: 1 }), (name, lines) => {
      const markdown = markdownOf([page(name, lines)]);
      assert.equal(commandsOfPage(markdown), `${lines.join('\n')}\n`);
      const bare = markdownOf([page(name)]);
      const rows = bare.split('\n').filter((each) => each.startsWith('| '));
      assert.equal(rows.length, 3);
      assert.ok(rows.every((row) => row.replaceAll(/\\[\\|]/g, '').split('|').length >= 4));
      assert.equal(bare.match(/^#/gm)?.length, 2);
    }),
  );
});

test('a page needs nothing from anywhere, and several are told apart', () => {
  const html = htmlOf([page('one'), page('two')]);
  assert.doesNotMatch(html, /<(?:script|link|img|iframe)|url\(|@import|https?:\/\//);
  assert.equal(html.match(/<article>/g)?.length, 2);
  assert.match(html, /<title>Page of one · Page of two<\/title>/);
  assert.match(markdownOf([page('one'), page('two')]), /\n\n---\n\n# Page of `two`\n/);
});
