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

/** What a shell offers for a line that is being typed, in its own order. */
type Complete = (line: string) => Promise<string[]>;

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');

async function fishOf(): Promise<{ host: ScratchHost; complete: Complete }> {
  const { host, script, env } = await hostWithScript('fish');
  const complete: Complete = async (line) => {
    const code = 'source $argv[1]; complete -C $argv[2]';
    const { stdout, stderr } = await run('fish', ['--no-config', '-c', code, script, line], { env, cwd: '/' });
    assert.equal(stderr, '');
    return linesOf(stdout).map((offer) => offer.split('\t')[0] ?? '');
  };
  return { host, complete };
}

/** An interactive zsh in a terminal of its own, whose Tab prints what it would offer between two marks, and leaves. */
const ZSH_TAB = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= PROMPT2= RPROMPT=; unsetopt zle_bracketed_paste; stty -echo"
zpty -w shell "autoload -Uz compinit && compinit -u -D && source $1"
zpty -w shell 'compadd() {
  if [[ "\${argv[(i)-(O|A|D)]}" -le $# ]]; then builtin compadd "$@"; return; fi
  local -a offered; builtin compadd -A offered "$@"; print -rl -- $offered; builtin compadd "$@"
}
offers() { print; print "<offers>"; _main_complete; print "</offers>"; exit }
zle -C offers complete-word offers; bindkey "^I" offers; print "<re""ady>"'
zpty -r shell text '*<ready>*'
zpty -w -n shell "$2"$'\t'
zpty -r shell text '*</offers>*'
print -r -- "$text"`;

async function zshOf(): Promise<{ host: ScratchHost; complete: Complete }> {
  const { host, script, env } = await hostWithScript('zsh');
  const complete: Complete = async (line) => {
    const { stdout } = await run('zsh', ['-f', '-c', ZSH_TAB, 'zsh', script, line], { env, cwd: '/', timeout: 60_000 });
    return linesOf(/<offers>([^]*)<\/offers>/.exec(stdout)?.[1] ?? assert.fail(stdout));
  };
  return { host, complete };
}

for (const [shell, open] of [
  ['zsh', zshOf],
  ['fish', fishOf],
] as const) {
  const skip = findProgram(shell) === null && `${shell} is not installed`;
  test(`${shell} completes commands, options, values and names of the configuration`, { skip }, async () => {
    const { host, complete } = await open();
    using _host = host;
    const config = `--config ${host.file('holdfast.yaml')}`;
    assert.deepEqual(await complete('holdfast hist'), ['history']);
    assert.deepEqual(await complete('holdfast history s'), ['show']);
    const commands = await complete('holdfast ');
    assert.ok(commands.includes('status') && !commands.includes('__complete'), commands.join());
    assert.deepEqual(await complete('holdfast status --ref'), ['--refresh']);
    assert.ok((await complete('holdfast status --')).includes('--json'), 'global options count everywhere');
    assert.deepEqual(await complete('holdfast completion f'), ['fish']);
    assert.deepEqual((await complete(`holdfast ${config} status al`)).toSorted(), ['alpha', 'alto']);
    assert.deepEqual(await complete(`holdfast ${config} status alpha b`), ['beta']);
    assert.deepEqual(await complete(`holdfast ${config} run --repository n`), ['near']);
    assert.deepEqual(await complete(`holdfast ${config} run --repository near bet`), ['beta']);
    assert.deepEqual(await complete('holdfast --config /nonexistent status z'), [], 'no configuration, no names, no noise');
    assert.deepEqual(await complete('holdfast run --wait z'), []);
  });
}

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
