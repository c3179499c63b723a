// npm test: runs test/**/*.test.ts, or those whose path contains one of the words given (`npm test -- retention journal`); without those
// that take longest, test/**/*.long.test.ts, which are run by `npm run test:long`.
// Each file runs in a process of its own. Fails on any failed test, on no test at all, and with CI=true also on a test that
// was skipped or left to do, and on files that tests leave behind in the checkout. The tests of the lab run beside the others,
// which do not wait for what its hosts are made from, and are told last.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { inspect } from 'node:util';

interface Unproven {
  readonly name: string;
  readonly file: string;
  readonly reason: string;
}

/** For one test, or file of tests; machines of the lab are emulated. When nothing is said for longer than this it is ended too. */
const TIMEOUT_MS = 5 * 60_000;
const LAB_TIMEOUT_MS = 60 * 60_000;
const GRACE_MS = 30_000;
const root = resolve(import.meta.dirname, '..');
const isLong = process.argv.includes('--long');
const inCi = process.env['CI'] === 'true';

function findTests(words: readonly string[]): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: root, exclude: ['**/fixtures/**'] }).toSorted();
  const meant = all.filter((file) => file.endsWith('.long.test.ts') === isLong);
  return words.length === 0 ? meant : meant.filter((file) => words.some((word) => file.includes(word)));
}

const isOfLab = (file: string): boolean => file.startsWith('test/lab/');
/** Begun last, it would go on alone. */
const isLongest = (file: string): boolean => file.startsWith('test/lab/unattended.');

/** Five minutes the first time. Where it fails the tests that need images say why, and are skipped. */
async function makeImages(print: (text: string) => void): Promise<void> {
  const maker = spawn(process.execPath, [join(root, 'lab/main.ts'), 'images'], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [maker.stdout, maker.stderr]) stream.setEncoding('utf8').on('data', print);
  await once(maker, 'close');
}

/** Standard output for whoever has to wait until others have finished with it. */
class LaterOutput {
  #held: string[] | null = [];

  readonly write = (text: string): void => {
    if (this.#held) this.#held.push(text);
    else process.stdout.write(text);
  };

  begin(): void {
    for (const text of this.#held?.splice(0) ?? []) process.stdout.write(text);
    this.#held = null;
  }
}

/** Tests see the tools of the checkout, and none of the caller's settings that would steer what they start. */
function prepareEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(HOLDFAST|RESTIC|PG)_?[A-Z]/.test(name) && name !== 'HOLDFAST_LAB_CACHE') delete process.env[name];
  }
  const own = [join(root, '.tools', 'bin'), join(root, 'node_modules', '.bin')];
  process.env['PATH'] = [...own, process.env['PATH'] ?? ''].join(delimiter);
}

function checkoutStatus(): string[] {
  if (!inCi || !existsSync(join(root, '.git'))) return [];
  return execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** Runs the files; resolves with what went wrong, in sentences. */
async function runTests(files: readonly string[], timeout: number, print: (text: string) => void): Promise<string[]> {
  if (files.length === 0) return [];
  const unproven: Unproven[] = [];
  const hollow: string[] = [];
  let success = true;
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), timeout + GRACE_MS);
  const stream = run({
    files: files.map((file) => join(root, file)),
    concurrency: 2,
    isolation: 'process',
    timeout,
    signal: silence.signal,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const note = (test: { name: string; file?: string; skip?: string | boolean; todo?: string | boolean }): void => {
    const mark = test.skip ?? test.todo;
    if (mark === undefined || mark === false) return;
    unproven.push({
      name: test.name,
      file: test.file ?? '?',
      reason: mark === true || mark === '' ? 'no reason given' : mark,
    });
  };
  stream.on('data', () => watchdog.refresh());
  stream.on('test:pass', note);
  stream.on('test:pass', (test) => {
    if (test.name === test.file) hollow.push(test.name); // how the runner reports a file in which nothing was tested
  });
  stream.on('test:fail', note);
  stream.on('test:fail', ({ name, details: { error } }) => {
    if (isLong) print(`${name}: ${inspect(error.cause ?? error)}\n`); // the reporter tells why at the end, hours later
  });
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    success &&= summary.success;
  });
  for await (const text of stream.compose(new spec())) print(String(text));
  clearTimeout(watchdog);

  const wrong: string[] = [];
  if (!success) wrong.push('there are failed tests');
  if (silence.signal.aborted) wrong.push(`ended: no test reported anything for ${timeout / 60_000} minutes`);
  wrong.push(...hollow.map((file) => `${relative(root, file)} contains no test`));
  if (inCi) wrong.push(...unproven.map(({ name, file, reason }) => `not run: ${name} (${relative(root, file)}): ${reason}`));
  return wrong;
}

const words = process.argv.slice(2).filter((word) => word !== '--long');
const files = findTests(words);
prepareEnvironment();
const before = checkoutStatus();
const wrong = files.length === 0 ? [`no test file matches ${words.join(', ') || 'test/**/*.test.ts'}`] : [];
const ofLab = files.filter(isOfLab).toSorted((one, other) => Number(isLongest(other)) - Number(isLongest(one)));
const others = files.filter((file) => !isOfLab(file));
const later = new LaterOutput();
const lab = ofLab.length === 0 ? [] : makeImages(later.write).then(() => runTests(ofLab, LAB_TIMEOUT_MS, later.write));
wrong.push(...(await runTests(others, TIMEOUT_MS, (text) => process.stdout.write(text))));
later.begin();
wrong.push(...(await lab));
const leftOver = checkoutStatus().filter((line) => !before.includes(line));
wrong.push(...leftOver.map((line) => `the tests left something in the checkout: ${line}`));
for (const sentence of wrong) console.error(`npm test: ${sentence}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
