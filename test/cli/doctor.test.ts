import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Ended, parsed, type ScratchHost, scratchHost, TOOLS } from './support/scratch-host.ts';

interface Result {
  readonly id: string;
  readonly health: string;
  readonly detail: string;
  readonly fix: string | null;
}
const results = (ended: Ended): Result[] => parsed(ended)['checks'] as Result[];
const wrong = (ended: Ended): string[] =>
  results(ended)
    .filter(({ health }) => health !== 'ok')
    .map(({ id, health, detail }) => `${id} ${health}: ${detail}`);

/** Every name below the folder but restic's own cache. */
const names = (host: ScratchHost): string[] =>
  readdirSync(host.path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.cache'))
    .toSorted((a, b) => a.localeCompare(b));

test('doctor finds a host in order, with exit 0, and changes nothing', async () => {
  using host = await scratchHost({ services: ['alpha', 'beta'] });
  const fresh = await host.holdfast('doctor');
  assert.equal(fresh.code, 1, fresh.out + fresh.err);
  assert.match(fresh.out, /^! jobs +never backed up \(2\): alpha, beta\n +→ holdfast run$/m);
  assert.equal(existsSync(host.stateDir), false);
  assert.equal((await host.holdfast('run')).code, 0);
  const before = names(host);
  const ended = await host.holdfast('doctor');
  assert.equal(ended.code, 0, ended.out + ended.err);
  assert.match(ended.out, /^✓ near +opens, .* free, no stale lock$/m);
  assert.match(ended.out, /: all is well\n$/);
  assert.deepEqual(names(host), before);
});

test('doctor tells everything that is wrong at once, each with its fix, and exits with 2', async () => {
  using host = await scratchHost({
    repositories: ['near', 'far', 'gone'],
    services: ['alpha', 'beta'],
    more: '',
  });
  rmSync(host.file('gone'), { recursive: true });
  rmSync(host.file('data/alpha'), { recursive: true });
  host.write('data/beta/app.db', 'not a database at all');
  host.write('other-password', 'wrong\n');
  const yaml = [
    'version: 1',
    'host: testhost',
    `stateDir: ${host.stateDir}`,
    'repositories:',
    `  near: {url: ${host.file('near')}, passwordFile: ${host.file('other-password')}}`,
    `  far: {url: ${host.file('far')}, passwordFile: ${host.file('password')}, minFree: 900PB}`,
    `  gone: {url: ${host.file('gone')}, passwordFile: ${host.file('password')}, mounted: ${host.file('nowhere')}}`,
    'services:',
    `  alpha: {backup: {paths: [${host.file('data/alpha')}], repositories: [near]}}`,
    `  beta: {backup: {paths: [${host.file('data/beta')}], repositories: [far], databases: [{type: sqlite, path: ${host.file('data/beta/app.db')}}]}}`,
  ];
  host.write('holdfast.yaml', yaml.join('\n'));
  const ended = await host.holdfast('--json', 'doctor');
  assert.equal(ended.code, 2);
  const told = wrong(ended).join('\n');
  assert.match(told, /^repository:near problem: .*password/m);
  assert.match(told, /^repository:far problem: .* are required$/m);
  assert.match(told, /^repository:gone problem: nothing is mounted at /m);
  assert.match(told, /^service:alpha problem: .* does not exist$/m);
  assert.match(told, /^service:beta problem: .*app\.db is not a SQLite database$/m);
  for (const result of results(ended)) assert.ok(result.health === 'ok' || result.fix, result.detail);
});

test('doctor finds the lock that a killed restic left, and says how to clear it', async () => {
  using host = await scratchHost({ services: ['alpha'] });
  assert.equal((await host.holdfast('run')).code, 0);
  const args = ['-r', host.file('near'), '-p', host.file('password'), 'backup', '--stdin', '--stdin-filename', 'x'];
  const env = { ...process.env, PATH: `${TOOLS}:${process.env['PATH'] ?? ''}`, HOME: host.path };
  const restic = spawn('restic', args, { stdio: ['pipe', 'ignore', 'pipe'], env });
  let said = '';
  restic.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const isLocked = (): boolean => readdirSync(host.file('near/locks')).some((name) => /^[0-9a-f]{64}$/.test(name)); // and no file of an unfinished one
  while (!isLocked()) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // restic tells nobody
    assert.equal(restic.exitCode ?? restic.signalCode, null, said);
  }
  restic.kill('SIGKILL');
  await once(restic, 'exit');
  const ended = await host.holdfast('--json', 'doctor');
  assert.equal(ended.code, 1, ended.out);
  assert.match(wrong(ended).join('\n'), /^repository:near warning: a stale lock of process \d+ /);
  assert.equal(results(ended).find(({ health }) => health === 'warning')?.fix, 'holdfast repository unlock near');
});

test('doctor finds files in a repository that lock its owner out', async () => {
  using host = await scratchHost({ services: ['alpha'] });
  assert.equal((await host.holdfast('run')).code, 0);
  if (process.getuid?.() !== 0) return; // nobody else can make such files
  const [index = ''] = readdirSync(host.file('near/index'));
  chownSync(join(host.file('near/index'), index), 4711, 4711);
  const ended = await host.holdfast('--json', 'doctor');
  assert.equal(ended.code, 2);
  assert.match(
    wrong(ended).join('\n'),
    /^repository:near problem: .*\/index\/.* does not belong to the owner of the repository \(uid 0\)/,
  );
});

test('doctor warns of repositories that are declared as different media and lie on one device', async () => {
  using host = await scratchHost({ repositories: ['near', 'far'], services: ['alpha'] }); // each with a medium of its own
  assert.equal((await host.holdfast('run')).code, 0);
  const told = wrong(await host.holdfast('--json', 'doctor')).join('\n');
  assert.equal(told, 'media warning: near and far are declared as different media or places, and lie on one device');
  const yaml = readFileSync(host.file('holdfast.yaml'), 'utf8');
  host.write('holdfast.yaml', yaml.replaceAll(/medium: \w+/g, 'medium: disk'));
  assert.deepEqual(wrong(await host.holdfast('--json', 'doctor')), []);
});
