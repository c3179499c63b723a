import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { build } from '../../scripts/build.ts';

const project = resolve(import.meta.dirname, '..', '..');

const sources = {
  'src/main.ts': `
    import { Command } from 'commander';
    const program: Command = new Command();
    program.command('lazy').action(async () => console.log((await import('./cli/lazy.ts')).lazy()));
    program.command('eager').action(() => console.log(JSON.stringify({ main: import.meta.main, loaded: 'loaded' in globalThis })));
    await program.parseAsync();
    process.exit(3);`,
  'src/cli/lazy.ts': `
    import { readMigrations } from '../journal/open.ts';
    import { parse } from 'yaml';
    Object.assign(globalThis, { loaded: true });
    export const lazy = (): string => JSON.stringify([readMigrations(), parse('a: 1')]);`,
  'src/journal/open.ts': `
    import { readFileSync } from 'node:fs';
    import { DatabaseSync } from 'node:sqlite';
    export const readMigrations = (): string => {
      using db = new DatabaseSync(':memory:');
      return readFileSync(new URL('./migrations/1.sql', import.meta.url), 'utf8') + db.isOpen;
    };`,
  'src/journal/migrations/1.sql': 'create',
} as const;

/** A small program with the shape of the real one, built where there are no node_modules beside it. */
async function buildProgram(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-build-'));
  const remove = { [Symbol.dispose]: (): void => rmSync(root, { recursive: true, force: true }) };
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
    const outDir = join(root, 'dist');
    const assets = [join(root, 'src/journal/migrations')];
    await build({ main: join(root, 'src/main.ts'), assets, outDir });
    rmSync(join(root, 'node_modules'));
    rmSync(join(root, 'src'), { recursive: true });
    const run = (...args: string[]) =>
      spawnSync(join(outDir, 'holdfast.js'), args, {
        cwd: '/',
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], CACHE_DIRECTORY: join(root, 'cache') },
      });
    return { root, outDir, run, ...remove };
  } catch (error) {
    remove[Symbol.dispose]();
    throw error;
  }
}

test('the bundle runs by itself from any directory, with its migrations, lazy parts and exit code', async () => {
  using program = await buildProgram(sources);
  const lazy = program.run('lazy');
  assert.equal(lazy.stderr, '');
  assert.deepEqual(JSON.parse(lazy.stdout), ['createtrue', { a: 1 }]);
  assert.equal(lazy.status, 3);
});

test('what is imported lazily is not loaded before it is used', async () => {
  using program = await buildProgram(sources);
  assert.deepEqual(JSON.parse(program.run('eager').stdout), { main: true, loaded: false });
  const [lazy, ...others] = readdirSync(program.outDir).filter((file) => file.startsWith('lazy'));
  assert.deepEqual(others, []);
  assert.match(readFileSync(join(program.outDir, lazy ?? 'missing'), 'utf8'), /readMigrations/);
  assert.doesNotMatch(readFileSync(join(program.outDir, 'main.js'), 'utf8'), /readMigrations/);
});

test('the bundle keeps compiled code in the cache directory it was given', async () => {
  using program = await buildProgram(sources);
  program.run('eager');
  assert.ok(existsSync(join(program.root, 'cache', 'holdfast', 'compiled')));
});

test('the bundle passes on the licences of the packages in it', async () => {
  using program = await buildProgram(sources);
  const text = readFileSync(join(program.outDir, 'licenses.txt'), 'utf8');
  for (const name of ['commander', 'yaml']) assert.match(text, new RegExp(`^${name} \\d`, 'm'));
  assert.doesNotMatch(text, /^zod /m);
});

test('a build that fails leaves the previous one as it was', async () => {
  using program = await buildProgram(sources);
  const broken = join(program.root, 'main.ts');
  writeFileSync(broken, "import 'no-such-package';");
  await assert.rejects(build({ main: broken, assets: [], outDir: program.outDir }), /no-such-package/);
  assert.equal(program.run('eager').status, 3);
  assert.deepEqual(readdirSync(program.root).toSorted(), ['cache', 'dist', 'main.ts']);
});
