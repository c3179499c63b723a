// Which copy a recovery takes, and which it passes over: what was found not to be good, what does not answer, and why is always said.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { PATH, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

interface Recovered {
  readonly code: number | null;
  readonly step: StepReport;
}

async function recover(host: ScratchHost, args: readonly string[] = [], options = {}): Promise<Recovered> {
  const { code, stdout } = await host.run(['--json', 'recover', 'a', ...args], options);
  return { code, step: stepOf(JSON.parse(stdout) as Report, 'recover:a') }; // of the shape that every command has
}

const GOOD = '{"good": 1}';

/** In `near` and `far`; what is in them is found to be good when it can be parsed. */
async function backedUp(t: TestContext, ...contents: readonly (readonly [repository: string, content: string])[]) {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  const directory = host.addService('a', { 'state.json': '{}' });
  host.services['a'] = {
    backup: { paths: [directory] },
    protection: { validators: [{ type: 'json', path: 'state.json' }] },
  };
  const keep = async (repository: string, content: string): Promise<void> => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'state.json'), content);
    assert.equal((await host.backUp(['--repository', repository])).code, 0);
  };
  for (const [repository, content] of contents) await keep(repository, content);
  const lose = (): void => rmSync(directory, { recursive: true, force: true });
  return { host, directory, keep, lose };
}
const away = (host: ScratchHost, repository: string): void =>
  renameSync(host.path(repository), host.path(`${repository}-away`));
/** How often restic has restored anything. */
const counting = (host: ScratchHost) => {
  const log = host.write('restores', '');
  const restic = host.script('counting', `case "$*" in *" restore "*) echo >> ${log};; esac; exec restic "$@"`);
  return { env: { HOLDFAST_RESTIC: restic }, restores: () => readFileSync(log, 'utf8').length };
};

test('a copy that was found not to be good is not restored again before the unit starts, until there is another or somebody types it', async (t) => {
  const { host, directory, keep, lose } = await backedUp(t, ['near', '{"half": '], ['far', '{"half": ']);
  lose();
  const { env, restores } = counting(host);
  const first = await recover(host, ['--before-start'], { env });
  assert.deepEqual([first.code, first.step.error?.retry, restores()], [2, 'never', 2]);
  const second = await recover(host, ['--before-start'], { env });
  assert.deepEqual([second.step.error?.code, second.step.error?.retry, restores()], ['refused', 'never', 2]);
  assert.match(
    second.step.error?.message ?? '',
    /no copy of it is good: [0-9a-f]{8} in near was found not to be good \(20\S+: .*json state\.json .*; [0-9a-f]{8} in far was found/,
  );
  assert.match(second.step.error?.hint ?? '', /To try it once more: holdfast .*recover a\./);
  const dry = await host.run(['recover', 'a', '--dry-run']);
  assert.match(dry.stderr, /in near was found not to be good \(20.*\): it is tried all the same/);
  await recover(host, [], { env });
  assert.equal(restores(), 4, 'typed by hand it is tried');

  await keep('near', GOOD);
  lose();
  const back = await recover(host, ['--before-start'], { env });
  assert.deepEqual([back.code, readFileSync(join(directory, 'state.json'), 'utf8')], [0, GOOD]);
});

test('why every other repository could not help is said, and it is tried again where one of them may', async (t) => {
  const { host, lose, directory } = await backedUp(t, ['near', '{"half": '], ['far', GOOD]);
  lose();
  away(host, 'far');
  for (const kind of ['the first time', 'and when that is known']) {
    const { step } = await recover(host, ['--before-start']);
    assert.match(step.error?.message ?? '', /json state\.json says that it is not good.*/, kind);
    assert.match(step.error?.message ?? '', /far (could not be asked|did not answer) \(/, kind);
    assert.equal(step.error?.retry, 'later', kind);
  }
  renameSync(host.path('far-away'), host.path('far'));
  const { step } = await recover(host, ['--before-start']);
  assert.equal(step.outcome, 'succeeded');
  assert.ok(existsSync(directory));
});

test('what was passed over for the copy that came back is part of its evidence', async (t) => {
  const { host, lose } = await backedUp(t, ['near', '{"half": '], ['far', GOOD]);
  lose();
  const { step } = await recover(host);
  assert.match(JSON.stringify(step.result?.['passedOver']), /"near","reason":"could not give it back \(snapshot /);
  using journal = host.journal();
  const [proof] = journal.evidence({ service: 'a', kind: 'restore', complete: true, limit: 1 });
  assert.match(JSON.stringify(proof?.detail['passedOver']), /near/);
});

test('what fails after the copy was there is no fault of its repository: no other one is tried', async (t) => {
  const { host, lose, directory } = await backedUp(t, ['near', GOOD], ['far', GOOD]);
  lose();
  host.services['a'] = { ...host.services['a'], unit: 'a.service' };
  host.script(
    'bin/systemctl',
    `case $1 in
show) printf 'LoadState=loaded\\nActiveState=active\\nSubState=x\\n';;
stop) echo 'Job for a.service failed.' >&2; exit 1;;
esac`,
  );
  const { env, restores } = counting(host);
  const { code, step } = await recover(host, [], { env: { ...env, PATH: `${host.path('bin')}:${PATH}` } });
  assert.deepEqual([code, step.error?.operation, step.error?.subject], [2, 'stop', 'a.service']);
  assert.doesNotMatch(`${step.error?.message} ${step.warnings.join()}`, /could not give it back/);
  assert.deepEqual([restores(), existsSync(directory)], [1, false]);
});

test('where the newest copy is far smaller than those before it, a person chooses: both are named, and nothing is put in place', async (t) => {
  const large = JSON.stringify({ all: 'x'.repeat(5000) });
  const { host, lose, directory } = await backedUp(t, ['near', large], ['near', '{"new": 1}']);
  lose();
  const { code, step } = await recover(host);
  assert.deepEqual([code, step.error?.code, step.error?.retry, existsSync(directory)], [2, 'refused', 'never', false]);
  assert.match(
    step.error?.message ?? '',
    /newest copy in near .*: 10 B\) holds far less than the one before it shrank .*: [45]\S* KiB\)/,
  );
  const [before = '', newest = ''] = [
    ...(step.error?.hint ?? '').matchAll(/restore (a --in-place\S* --repository near --snapshot \w+)/g),
  ].map(([, words = '']) => words);
  assert.equal((await host.run(['restore', ...newest.split(' ')])).code, 0);
  lose();
  assert.equal((await recover(host)).step.outcome, 'succeeded', 'it was chosen once');
  lose();
  assert.equal((await host.run(['restore', ...before.split(' ')])).code, 0);
  assert.equal(readFileSync(join(directory, 'state.json'), 'utf8'), large);
});

test('a directory that was emptied and then backed up is lost all the same: its emptiness is no state that it had', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('a', { file: 'x'.repeat(5000) });
  host.services['a'] = { backup: { paths: [directory], allowEmpty: true } };
  assert.equal((await host.backUp()).code, 0);
  rmSync(join(directory, 'file'));
  assert.equal((await host.backUp()).code, 0);
  const { code, step } = await recover(host, ['--before-start']);
  assert.deepEqual([code, step.error?.code], [2, 'refused']);
  assert.match(step.error?.message ?? '', /was something lost before it was made/);
});
