// Hints can be typed as they stand.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { hintsForAdHoc, hintsForConfiguration } from '../../src/cli/hints.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { errorReport, HoldfastError, type ErrorCode } from '../../src/lib/errors.ts';
import { type Ended, ROOT, scratchHost } from '../support/cli.ts';

const hinting = (hint: string, code: ErrorCode = 'failed') =>
  errorReport(new HoldfastError({ code, operation: 'do', subject: 'it', message: 'no', hint }));

test('a command in a hint repeats --config and --state-dir where they were given', () => {
  const tailor = hintsForConfiguration({ config: '/my files/x.yaml', stateDir: '/s' });
  assert.equal(
    tailor(hinting('See `holdfast status`, or look into /etc/holdfast here. Holdfast itself: holdfast run a')).hint,
    "See `holdfast --config '/my files/x.yaml' --state-dir /s status`, or look into /etc/holdfast here. " +
      "Holdfast itself: holdfast --config '/my files/x.yaml' --state-dir /s run a",
  );
  assert.equal(hintsForConfiguration({})(hinting('holdfast run a')).hint, 'holdfast run a');
});

test('without a configuration a hint names the repository as it was given, and nothing that is configured', () => {
  const tailor = hintsForAdHoc({ url: '/r', passwordFile: '/p' });
  assert.equal(
    tailor(hinting('`holdfast snapshots` and `holdfast ls 1a2b`')).hint,
    '`holdfast snapshots --url /r --password-file /p` and `holdfast ls --url /r --password-file /p 1a2b`',
  );
  for (const code of ['wrong-password', 'repository-missing', 'repository-locked', 'secret-unreadable'] as const)
    assert.doesNotMatch(tailor(hinting('holdfast repository init NAME', code)).hint ?? '', /holdfast/, code);
});

test('every command that the sources name exists', () => {
  const program = buildProgram({ context: null }, { serve: () => Promise.resolve() });
  const named = sources().flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\*|\/\*)/.test(line))
      .flatMap((line) => [...line.matchAll(/(?:`|: )holdfast ([a-z-]+)(?: ([a-z-]+))?/g)].map((match) => ({ file, match }))),
  );
  assert.ok(named.length > 20);
  for (const { file, match } of named) {
    const [text, verb = '', sub = ''] = match;
    const command = childOf(program, verb);
    assert.ok(command, `${file}: ${text}`);
    if (command.commands.length > 0 && sub !== '' && !sub.startsWith('-'))
      assert.ok(childOf(command, sub) ?? ['history', 'gate'].includes(verb), `${file}: ${text}`);
  }
});

const childOf = (command: CommandUnknownOpts, name: string): CommandUnknownOpts | undefined =>
  command.commands.find((each) => each.name() === name);

const sources = (): string[] =>
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, 'src', name));

/** The commands in backticks of what was told, as arguments. */
const commandsIn = ({ stderr }: Ended): string[][] =>
  [...stderr.matchAll(/`holdfast ([^`]*)`/g)].map(([, words = '']) => words.split(' '));

const adHoc = (url: string, password: string): string[] => ['--url', url, '--password-file', password];

test('whoever restores without a configuration can follow what is hinted', async (t) => {
  const host = scratchHost(t);
  const near = host.addRepository('near');
  host.addService('docs');
  assert.equal((await host.run(['run'])).code, 0);
  const wrong = host.write('wrong', 'not it\n', 0o600);
  const restore = (...more: string[]): Promise<Ended> =>
    host.run(['restore', ...more, '--to', host.path('back')], { under: ['env', 'HOLDFAST_CONFIG=/nowhere'] });

  const badPassword = await restore(...adHoc(near, wrong));
  assert.match(badPassword.stderr, /^hint: Is \S*wrong the password of this very repository\?/m);
  const missing = await restore(...adHoc(host.path('gone'), host.path('password')));
  assert.doesNotMatch(missing.stderr, /init/, 'a recovery is no time to make a repository');
  assert.match(missing.stderr, /^hint: Is the address right/m);

  const nobody = await restore(...adHoc(near, host.path('password')), '--host', 'nope');
  assert.match(nobody.stderr, /could not find a snapshot of any service in /);
  assert.match(nobody.stderr, /--host testhost/);
  const [look] = commandsIn(nobody);
  assert.ok(look);
  const listed = await host.run(look);
  assert.match(listed.stdout, /docs/, listed.stderr);
});

test('a wrong configuration hints at a check of the very file', async (t) => {
  const host = scratchHost(t);
  host.services['docs'] = { backup: { paths: 'nowhere' } };
  const { code, stderr } = await host.run(['status']);
  assert.equal(code, 78);
  assert.ok(stderr.includes(`holdfast --config ${host.path('holdfast.yaml')} config check`), stderr);
});
