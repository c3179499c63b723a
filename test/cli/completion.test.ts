import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findProgram } from '../../src/process/find-program.ts';
import { resolve } from 'node:path';
import { type ScratchHost, scratchHost } from './support/scratch-host.ts';

const run = promisify(execFile);
const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

/** A host whose PATH holds a `holdfast`, and the script of that shell. */
async function hostWithScript(shell: string): Promise<{ host: ScratchHost; script: string; env: NodeJS.ProcessEnv }> {
  const host = await scratchHost({ repositories: ['near'], services: ['alpha', 'beta', 'alto'] });
  host.write('bin/holdfast', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(host.file('bin/holdfast'), 0o755);
  const { code, out, err } = await host.holdfast('completion', shell);
  assert.equal(code, 0, err);
  host.write('script', out);
  const env = {
    ...process.env,
    PATH: `${host.file('bin')}:${process.env['PATH'] ?? ''}`,
    HOLDFAST_CONFIG: '',
    HOME: host.path,
  };
  return { host, script: host.file('script'), env };
}

test('bash completes commands, options, values and names of the configuration', async () => {
  const { host, script, env } = await hostWithScript('bash');
  using _host = host;
  const config = host.file('holdfast.yaml');
  /** `words` as bash hands them over; the last one is being typed. */
  const complete = async (...words: readonly string[]): Promise<string[]> => {
    const code = `source "$1" && shift && COMP_WORDS=(holdfast "$@") && COMP_CWORD=$# && _holdfast && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await run('bash', ['--norc', '-euc', code, 'bash', script, ...words], { env, cwd: '/' });
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(await complete('hist'), ['history']);
  assert.deepEqual(await complete('history', 's'), ['show']);
  assert.ok((await complete('')).includes('status'));
  assert.ok(!(await complete('')).includes('__complete'));
  assert.deepEqual(await complete('status', '--ref'), ['--refresh']);
  assert.ok((await complete('status', '-')).includes('--json'), 'global options count everywhere');
  assert.deepEqual(await complete('completion', 'f'), ['fish']);
  assert.deepEqual(await complete('--config', config, 'status', 'al'), ['alpha', 'alto']);
  assert.deepEqual(await complete('--config', config, 'status', 'alpha', 'b'), ['beta']);
  assert.deepEqual(await complete('--config', config, 'run', '--repository', ''), ['near']);
  assert.deepEqual(await complete('--config', '=', config, 'run', '--repository', '=', 'n'), ['near']);
  assert.deepEqual(await complete('--config', config, 'run', '--repository', 'near', 'bet'), ['beta']);
  assert.deepEqual(await complete('--config', '/nonexistent', 'status', ''), [], 'no configuration, no names, no noise');
  assert.deepEqual(await complete('run', '--wait', ''), []);
});

test('zsh and fish scripts name every command, and are sound where their shell is there to tell', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { host, script, env } = await hostWithScript(shell);
    using _host = host;
    const { out } = await host.holdfast('completion', shell);
    for (const word of ['history', 'doctor', 'refresh', '__complete', 'services', 'repositories'])
      assert.ok(out.includes(word), word);
    if (findProgram(shell) === null) continue;
    await run(shell, ['-n', script], { env });
    if (shell !== 'fish') continue;
    const line = `complete -C "holdfast --config ${host.file('holdfast.yaml')} status al"`;
    const { stdout } = await run('fish', ['--no-config', '-c', `source ${script}; ${line}`], { env });
    assert.equal(stdout, 'alpha\nalto\n');
  }
});

test('names for completion come quietly, and not at all without a sound configuration', async () => {
  using host = await scratchHost({ repositories: ['near'], services: ['alpha'] });
  assert.deepEqual(await host.holdfast('__complete', 'repositories'), { code: 0, out: 'near\n', err: '' });
  host.write('holdfast.yaml', 'services: {alpha: [');
  assert.deepEqual(await host.holdfast('__complete', 'services'), { code: 0, out: '', err: '' });
});

test('an unknown shell is exit 64', async () => {
  using host = await scratchHost({ repositories: ['near'], services: ['alpha'] });
  const { code, err } = await host.holdfast('completion', 'tcsh');
  assert.equal(code, 64);
  assert.match(err, /bash, zsh, fish/);
});
