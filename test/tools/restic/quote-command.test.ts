import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { quoteCommand } from '../../../src/tools/restic/quote-command.ts';
import { resticPrograms, runRestic, temporaryDirectory } from './support.ts';

/** What restic does with the string, written down from measurements; the last test compares it with restic itself. */
function splitLikeRestic(text: string): string[] | null {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let last = '';
  const endWord = (): void => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const char of text) {
    if (last !== '\\' && (quote === '' ? char === '"' || char === "'" : char === quote)) {
      quote = quote === '' ? char : '';
      endWord();
      continue;
    }
    last = char;
    if (quote === '' && (char === '\\' || /[\s\u0085]/.test(char))) endWord();
    else word += char;
  }
  endWord();
  return quote === '' ? words : null;
}

const argument = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '\n', '\t', '$', 'é', '\u00A0', '-', '#') });

test('a quoted command is split by restic into the same arguments, or is refused', () => {
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 4 }), (argv) => {
      let quoted: string;
      try {
        quoted = quoteCommand(argv);
      } catch (error) {
        assert.ok(error instanceof HoldfastError && error.code === 'config');
        return;
      }
      assert.deepEqual(splitLikeRestic(quoted), argv);
    }),
    { numRuns: 2000 },
  );
});

test('what no quotation can express is refused with a way out', () => {
  for (const argv of [[], [''], ['a', ''], ['a', 'b\\'], ['a', `'"`], ['a', 'b\0']]) {
    assert.throws(
      () => quoteCommand(argv),
      (error: unknown) => error instanceof HoldfastError && /script/.test(error.hint ?? ''),
    );
  }
});

for (const [name, program] of Object.entries(resticPrograms())) {
  test(`restic ${name} runs a quoted password command with exactly these arguments`, async () => {
    await using directory = await temporaryDirectory();
    const script = join(directory.path, "it's a script");
    const output = join(directory.path, 'arguments');
    await writeFile(script, `#!/bin/sh\nfor each in "$@"; do printf '%s\\0' "$each"; done > '${output}'\nexit 1\n`);
    await chmod(script, 0o755);
    const argv = [
      'plain',
      'two words',
      `it's`,
      'say "hi"',
      '$HOME * # ~',
      'new\nline',
      'a\\b',
      `back\\'slash`,
      '--',
      'é\u00A0',
    ];
    await runRestic(program, ['cat', 'config'], {
      RESTIC_REPOSITORY: directory.path,
      RESTIC_PASSWORD: undefined,
      RESTIC_PASSWORD_COMMAND: quoteCommand([script, ...argv]),
    });
    assert.deepEqual((await readFile(output, 'utf8')).split('\0').slice(0, -1), argv);
    assert.deepEqual(splitLikeRestic(quoteCommand([script, ...argv])), [script, ...argv]);
  });
}
