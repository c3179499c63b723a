import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';

// scripts/test.ts on small projects: what makes it fail, and what it says.

const project = resolve(import.meta.dirname, '..', '..');
const passing = "import { test } from 'node:test';\ntest('passes', () => {});";

interface Options {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly git?: boolean;
}

function npmTest(files: Readonly<Record<string, string>>, { words = [], env = {}, git = false }: Options = {}) {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-runner-'));
  try {
    cpSync(join(project, 'scripts/test.ts'), join(root, 'scripts/test.ts'));
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    if (git) spawnSync('git', ['init', '-q'], { cwd: root });
    // Without NODE_TEST_CONTEXT the inner runner is none the wiser that it runs inside a test.
    const inherited = { ...process.env, NODE_TEST_CONTEXT: undefined, CI: undefined, NO_COLOR: '1' };
    const run = spawnSync(process.execPath, ['scripts/test.ts', ...words], {
      cwd: root,
      encoding: 'utf8',
      env: { ...inherited, ...env },
    });
    return {
      status: run.status,
      stdout: run.stdout,
      complaints: run.stderr.split('\n').filter((line) => line.startsWith('npm test:')),
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('passing tests pass, and the output ends with their counts', () => {
  const { status, stdout, complaints } = npmTest({ 'test/a.test.ts': passing, 'test/lib/b.test.ts': passing });
  assert.deepEqual({ status, complaints }, { status: 0, complaints: [] });
  assert.match(stdout, /ℹ tests 2\n[^]*ℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n/);
});

test('a failed test fails the run', () => {
  const failing = "import { test } from 'node:test';\ntest('fails', () => { throw new Error('no'); });";
  const { status, complaints } = npmTest({ 'test/a.test.ts': passing, 'test/b.test.ts': failing });
  assert.deepEqual({ status, complaints }, { status: 1, complaints: ['npm test: there are failed tests'] });
});

test('words choose the files, and words that choose none fail the run', () => {
  const files = { 'test/lib/a.test.ts': passing, 'test/cli/b.test.ts': 'syntax error' };
  assert.equal(npmTest(files, { words: ['lib'] }).status, 0);
  assert.equal(npmTest(files, { words: ['cli'] }).status, 1);
  const { status, complaints } = npmTest(files, { words: ['typo'] });
  assert.deepEqual({ status, complaints }, { status: 1, complaints: ['npm test: no test file matches typo'] });
});

test('files in fixtures are no tests', () => {
  assert.equal(npmTest({ 'test/fixtures/b.test.ts': 'syntax error', 'test/c.test.ts': passing }).status, 0);
});

test('tests of the lab come after the others, when the images are made', () => {
  const tells = (word: string): string => `import { test } from 'node:test';\ntest('${word}', () => {});`;
  const files = {
    'lab/main.ts': 'console.log(`made: ${process.argv[2]}`);',
    'test/lab/a.test.ts': tells('in the lab'),
    'test/z.test.ts': tells('elsewhere'),
  };
  const { status, stdout } = npmTest(files);
  assert.equal(status, 0);
  assert.match(stdout, /✔ elsewhere[^]*made: images[^]*✔ in the lab/);
  assert.doesNotMatch(npmTest(files, { words: ['test/z'] }).stdout, /made/);
});

test('no test files, or a file without a test, fail the run', () => {
  assert.deepEqual(npmTest({}).complaints, ['npm test: no test file matches test/**/*.test.ts']);
  const { status, complaints } = npmTest({ 'test/a.test.ts': 'export {};' });
  assert.deepEqual({ status, complaints }, { status: 1, complaints: ['npm test: test/a.test.ts contains no test'] });
});

test('with CI=true each test that was skipped or left to do fails the run, by name and reason; otherwise it does not', () => {
  const files = {
    'test/a.test.ts': `import { suite, test } from 'node:test';
      test('asks for a tool', (t) => t.skip('no zfs here'));
      test.skip('is switched off', () => {});
      suite('inner', () => test('is not written', { todo: 'later' }, () => {}));`,
  };
  assert.equal(npmTest(files).status, 0);
  const { status, complaints } = npmTest(files, { env: { CI: 'true' } });
  assert.equal(status, 1);
  assert.deepEqual(complaints.toSorted(), [
    'npm test: not run: asks for a tool (test/a.test.ts): no zfs here',
    'npm test: not run: is not written (test/a.test.ts): later',
    'npm test: not run: is switched off (test/a.test.ts): no reason given',
  ]);
});

test('with CI=true files that tests leave in the checkout fail the run', () => {
  const littering = `import { writeFileSync } from 'node:fs';\n${passing}\nwriteFileSync('litter.txt', '');`;
  const { status, complaints } = npmTest({ 'test/a.test.ts': littering }, { env: { CI: 'true' }, git: true });
  assert.deepEqual(
    { status, complaints },
    { status: 1, complaints: ['npm test: the tests left something in the checkout: ?? litter.txt'] },
  );
});

test("tests see the checkout's tools first, and none of the caller's settings of Holdfast, restic and PostgreSQL but the lab's cache", () => {
  const looking = `import assert from 'node:assert'; import { test } from 'node:test';
    test('looks', () => {
      assert.match(process.env.PATH, /^[^:]*\\/\\.tools\\/bin:[^:]*\\/node_modules\\/\\.bin:/);
      const seen = Object.keys(process.env).filter((name) => /^(RESTIC|HOLDFAST|PG)/.test(name));
      assert.deepEqual(seen, ['HOLDFAST_LAB_CACHE']);
    });`;
  const env = {
    RESTIC_PASSWORD: 'x',
    RESTIC_REPOSITORY: '/y',
    HOLDFAST_CONFIG: '/z',
    HOLDFAST_LAB_CACHE: '/c',
    PGHOST: 'db',
  };
  assert.equal(npmTest({ 'test/a.test.ts': looking }, { env }).status, 0);
});
