// Records what a real restic prints, for the parsers' tests: `node scripts/record-restic-fixtures.ts /path/to/restic`.
// Writes test/tools/restic/fixtures/<version>/<name>.txt: exit code, standard output and standard error of each call.

import { randomBytes } from 'node:crypto';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const program = process.argv[2];
if (program === undefined) throw new Error('usage: node scripts/record-restic-fixtures.ts /path/to/restic');

const root = mkdtempSync(join(tmpdir(), 'restic-fixtures-'));
const repository = join(root, 'repository');
const source = join(root, 'source');
const base = {
  PATH: process.env['PATH'],
  HOME: root,
  RESTIC_REPOSITORY: repository,
  RESTIC_PASSWORD: 'recorded',
  RESTIC_CACHE_DIR: join(root, 'cache'),
  RESTIC_PROGRESS_FPS: '5',
};

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []) => {
  const [file = program, ...rest] = [...prefix, program, ...args];
  return spawnSync(file, rest, { env: { ...base, ...env }, encoding: 'utf8', timeout: 60_000 });
};

const version = /\d+\.\d+\.\d+/.exec(run(['version']).stdout)?.[0];
if (version === undefined) throw new Error(`${program} does not say which version it is`);
const target = join(import.meta.dirname, '../test/tools/restic/fixtures', version);
mkdirSync(target, { recursive: true });

function record(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []): string {
  const result = run(args, env, prefix);
  const text = `exit ${result.status}\n--- stdout\n${result.stdout}--- stderr\n${result.stderr}`;
  writeFileSync(
    join(target, `${name}.txt`),
    text.replaceAll(root, '/recorded').replaceAll(new RegExp(`\\b${hostname()}\\b`, 'g'), 'recorder'),
  );
  return result.stdout;
}

const newest = (): string => {
  const parsed: unknown = JSON.parse(run(['--json', 'snapshots']).stdout);
  const last: unknown = Array.isArray(parsed) ? parsed.at(-1) : null;
  if (last !== null && typeof last === 'object' && 'id' in last && typeof last.id === 'string') return last.id;
  throw new Error('the snapshot that was just made is not there');
};

const backup = ['--json', 'backup', '--host', 'recorder', '--tag', 'holdfast:job=app', '--tag', 'two', '--'];
// as root every file is readable: these capabilities are what makes it so
const noOverride =
  process.getuid?.() === 0
    ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search']
    : [];

mkdirSync(join(source, 'sub'), { recursive: true });
for (const name of ['plain', '-dash', 'new\nline', 'ünïcode€😀', 'quo"te\\back', 'control\u0001\u001b'])
  writeFileSync(join(source, name), name);
writeFileSync(Buffer.concat([Buffer.from(`${source}/invalid-`), Buffer.from([0xff, 0xfe])]), 'x');
writeFileSync(join(source, 'empty'), '');
writeFileSync(join(source, 'large'), randomBytes(3_000_000));
symlinkSync('plain', join(source, 'link'));
chmodSync(join(source, 'plain'), 0o4755);

record('version', ['--json', 'version']);
record('init', ['--json', 'init']);
record('init-exists', ['--json', 'init']);
record('snapshots-none', ['--json', 'snapshots']);
record('cat-config', ['--json', 'cat', 'config']);
record('backup', ['--limit-upload', '1500', ...backup, source]); // slow enough for progress
const first = newest();
record('backup-missing-source', [...backup, source, join(root, 'gone')]);
record('backup-all-missing', [...backup, join(root, 'gone')]);
chmodSync(join(source, 'plain'), 0o000);
chmodSync(join(source, 'sub'), 0o000);
record('backup-unreadable', [...backup, source], {}, noOverride);
chmodSync(join(source, 'plain'), 0o644);
chmodSync(join(source, 'sub'), 0o755);
writeFileSync(join(source, 'added'), 'added');
rmSync(join(source, '-dash'));
record('backup-second', [...backup, source]);
const second = newest();
record('snapshots', ['--json', 'snapshots']);
record('ls', ['--json', 'ls', first]);
record('find', ['--json', 'find', '*l*']);
record('find-none', ['--json', 'find', 'nowhere']);
record('diff', ['--json', 'diff', first, second]);
record('restore', [
  '--limit-download',
  '1500',
  '--no-cache',
  '--json',
  'restore',
  first,
  '--target',
  join(root, 'out'),
  '--verify',
]);
record('restore-again', [
  '--json',
  'restore',
  first,
  '--target',
  join(root, 'out'),
  '--overwrite',
  'if-changed',
  '--delete',
]);
mkdirSync(join(root, 'blocked', source, 'plain', 'in-the-way'), { recursive: true });
record('restore-blocked', ['--json', 'restore', first, '--target', join(root, 'blocked')]);
record('restore-no-snapshot', ['--json', 'restore', 'abcdef12', '--target', join(root, 'out')]);
record('restore-no-subpath', ['--json', 'restore', `${first}:/nowhere`, '--target', join(root, 'out')]);
record('wrong-password', ['--json', 'snapshots'], { RESTIC_PASSWORD: 'wrong' });
record('no-password', ['--json', 'snapshots'], { RESTIC_PASSWORD: undefined, RESTIC_PASSWORD_FILE: '/nonexistent' });
record('password-command-failed', ['--json', 'snapshots'], { RESTIC_PASSWORD: undefined, RESTIC_PASSWORD_COMMAND: 'false' });
record('missing', ['--json', 'snapshots'], { RESTIC_REPOSITORY: join(root, 'nowhere') });
record('refused', ['--json', 'snapshots'], { RESTIC_REPOSITORY: 'rest:http://127.0.0.1:9/x' }, ['timeout', '6']);
record('forget-unknown', ['--json', 'forget', 'f'.repeat(64)]);

const holder = spawn(program, ['backup', '--stdin', '--host', 'holder'], {
  env: { ...process.env, ...base },
  stdio: ['pipe', 'ignore', 'ignore'],
});
while (readdirSync(join(repository, 'locks')).length === 0) await delay(50);
record('locked', ['--json', 'prune']);
const [lock = ''] = record('list-locks', ['--json', 'list', 'locks']).split('\n');
record('cat-lock', ['--json', 'cat', 'lock', lock]);
holder.kill('SIGKILL');
await once(holder, 'exit');
record('unlock', ['unlock']);
record('unlock-none', ['unlock']);

chmodSync(join(repository, 'snapshots'), 0o555);
record('forget-failed', ['--json', 'forget', first], {}, [...noOverride, 'timeout', '20']);
chmodSync(join(repository, 'snapshots'), 0o700);
record('forget', ['--json', 'forget', first]);
record('prune', ['prune', '--max-unused', '0']);
const damaged = join(repository, 'snapshots', second);
chmodSync(damaged, 0o600);
writeFileSync(damaged, 'damaged');
record('snapshots-damaged', ['--json', 'snapshots', '--no-cache']);

// A repository with two snapshots, and what a check says when something in a copy of it is damaged.
const whole = join(root, 'whole');
const hurt = join(root, 'hurt');
const at = (directory: string): NodeJS.ProcessEnv => ({ RESTIC_REPOSITORY: directory });
run(['init'], at(whole));
run([...backup, source], at(whole));
writeFileSync(join(source, 'sub', 'later'), 'later');
run([...backup, source], at(whole));
const filesOf = (directory: string, kind: string): string[] =>
  readdirSync(join(directory, kind), { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, kind, name))
    .filter((path) => statSync(path).isFile())
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
/** The path in the copy of what is the `index`th largest of its kind. */
function copyAnd(damage: (path: string) => void, kind: string, index = 0): string {
  execFileSync('rm', ['-rf', '--', hurt]);
  execFileSync('cp', ['-a', whole, hurt]);
  const path = kind === 'config' ? join(hurt, kind) : filesOf(hurt, kind)[index];
  if (path === undefined) throw new Error(`no ${kind} number ${index}`);
  chmodSync(path, 0o600);
  damage(path);
  return basename(path);
}
const flip = (path: string): void => {
  const content = readFileSync(path);
  content[100] = (content[100] ?? 0) ^ 0xff;
  writeFileSync(path, content);
};
const empty = (path: string): void => truncateSync(path, 0);
const cut = (path: string): void => truncateSync(path, 10);
const all = '--read-data-subset=1/1';
const check = (name: string, ...args: string[]): string => record(name, ['check', '--no-cache', ...args], at(hurt));

record('check', ['check', '--no-cache'], at(whole));
record('check-part', ['check', '--no-cache', '--read-data-subset=1/2'], at(whole));
record('check-all', ['check', '--no-cache', all], at(whole));
const pack = copyAnd(flip, 'data');
check('check-pack-flipped-unread');
check('check-pack-flipped', all);
record('find-packs', ['--json', 'find', '--no-cache', '--pack', '--', pack], at(hurt));
copyAnd(cut, 'data');
check('check-pack-cut', all);
copyAnd(rmSync, 'data');
check('check-pack-missing', all);
const trees = copyAnd(flip, 'data', 1);
check('check-trees-flipped');
record('find-packs-trees', ['--json', 'find', '--no-cache', '--pack', '--', trees, pack], at(hurt));
copyAnd(rmSync, 'data', 1);
check('check-trees-missing');
copyAnd(flip, 'index');
check('check-index-flipped');
copyAnd(rmSync, 'index');
check('check-index-missing');
copyAnd(empty, 'snapshots');
check('check-snapshot-empty');
copyAnd(flip, 'config');
check('check-config-flipped');
copyAnd(cut, 'config');
check('check-config-cut');
copyAnd(flip, 'keys');
check('check-key-flipped');
record('find-packs-unknown', ['--json', 'find', '--no-cache', '--pack', '--', 'f'.repeat(64), pack], at(whole));
record('list-packs', ['--json', 'list', 'packs'], at(whole));
execFileSync('rm', ['-rf', '--', root]);
