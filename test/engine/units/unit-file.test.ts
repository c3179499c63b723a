import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commandLine, pathList, plainText, renderUnit } from '../../../src/engine/units/unit-file.ts';
import { mountsOnTheWay, mountUnit } from '../../../src/lib/unit-name.ts';

/** What systemd makes of a command line: quotes, escapes, specifiers, then variables (systemd.service(5)). */
function understood(line: string): string[] {
  const found = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const unescaped = found.map((text) =>
    text.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
      hex === undefined ? char : String.fromCodePoint(Number.parseInt(hex, 16)),
    ),
  );
  return unescaped.map((text, index) => {
    const plain = text.replaceAll('%%', '%');
    return index === 0 ? plain : plain.replaceAll('$$', '$');
  });
}

const argument = fc.string({
  unit: fc.constantFrom('a', 'Z', '0', ' ', '"', "'", '\\', '%', '$', ';', '\n', '\t', '-', '/', 'é', '#'),
});

describe('the text of a unit', () => {
  it('has command lines that arrive as they were meant, whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(
          argument.filter((text) => !/\p{Cc}/u.test(text)),
          { minLength: 0, maxLength: 5 },
        ),
        (args) => {
          const line = commandLine(['/usr/bin/program', ...args]);
          assert.doesNotMatch(line, /\n/);
          assert.deepEqual(understood(line), ['/usr/bin/program', ...args]);
        },
      ),
    );
  });

  it('is one line for each setting, also where a value has line breaks', () => {
    fc.assert(
      fc.property(argument, argument, (value, path) => {
        const text = renderUnit([
          {
            name: 'Unit',
            lines: [
              ['Description', plainText(value)],
              ['RequiresMountsFor', pathList([`/${path}`])],
              ['ExecStart', commandLine(['/a', value])],
            ],
          },
        ]);
        assert.equal(text.split('\n').length, 5);
      }),
    );
  });

  it('has no section without a line', () => {
    assert.equal(
      renderUnit([
        { name: 'Unit', lines: [] },
        { name: 'Slice', lines: [['IOWeight', '5']] },
      ]),
      '[Slice]\nIOWeight=5\n',
    );
  });
});

describe('the mount unit of a path', () => {
  it('is called as systemd-escape calls it', { skip: !existsSync('/usr/bin/systemd-escape') && 'no systemd-escape' }, () => {
    const name = fc.string({
      minLength: 1,
      maxLength: 8,
      unit: fc.constantFrom('a', '.', '-', ' ', '_', ':', '\\', 'é', '%', '@', '7'),
    });
    const paths = fc
      .sample(fc.array(name, { maxLength: 4 }), 200)
      .map((parts) => `/${parts.filter((part) => part !== '.' && part !== '..').join('/')}`);
    const told = execFileSync('systemd-escape', ['--path', '--suffix=mount', '--', ...paths], { encoding: 'utf8' });
    assert.deepEqual(paths.map(mountUnit).join(' '), told.trimEnd());
  });

  it('comes with those of everything above it, but not with the root', () => {
    assert.deepEqual(mountsOnTheWay('/srv/a-b/c'), ['srv.mount', 'srv-a\\x2db.mount', 'srv-a\\x2db-c.mount']);
    assert.deepEqual(mountsOnTheWay('/'), []);
  });
});
