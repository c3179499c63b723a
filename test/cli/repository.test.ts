// `holdfast repository`: creating, unlocking and trying repositories.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { appears } from '../support/appears.ts';
import { type Ended, fingerprint, listFiles, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

const reportOf = ({ stdout }: Ended): Report => JSON.parse(stdout) as Report; // its shape has a test of its own

/** Declared, and not there. */
function declare(host: ScratchHost, name: string, more: Record<string, unknown> = {}): void {
  host.repositories[name] = { url: host.path(name), passwordFile: host.path('password'), ...more };
  host.addService('notes');
}

test('init creates a repository once; the second time nothing is changed', async (t) => {
  const host = scratchHost(t);
  declare(host, 'near');
  const dry = await host.run(['repository', 'init', 'near', '--dry-run']);
  assert.equal(dry.code, 0);
  assert.ok(!existsSync(host.path('near')));
  const first = await host.run(['--json', 'repository', 'init', 'near']);
  assert.equal(first.code, 0, first.stderr);
  const { result } = stepOf(reportOf(first), 'initialise:near');
  assert.match(JSON.stringify(result?.['repositoryId']), /^"[0-9a-f]{64}"$/);
  const before = fingerprint(host.path('near/keys'));
  const second = await host.run(['--json', 'repository', 'init', 'near']);
  assert.equal(second.code, 0, second.stderr);
  const step = stepOf(reportOf(second), 'initialise:near');
  assert.equal(step.outcome, 'skipped');
  assert.match(String(step.reason), /already initialised/);
  assert.equal(step.result?.['repositoryId'], result?.['repositoryId']);
  assert.deepEqual(fingerprint(host.path('near/keys')), before);
  assert.equal((await host.backUp()).code, 0);
});

test('init makes nothing where a disk is not mounted, a parent is missing, or something else lies', async (t) => {
  const host = scratchHost(t);
  declare(host, 'nas', { mounted: host.path('mnt'), url: host.path('mnt/restic') });
  declare(host, 'lost', { url: host.path('nowhere/restic') });
  declare(host, 'full');
  mkdirSync(host.path('mnt'));
  host.write('full/photo.jpg', 'mine');
  for (const [name, words] of [
    ['nas', /nothing is mounted at/],
    ['lost', /nowhere does not exist/],
    ['full', /not empty \(photo\.jpg\)/],
  ] as const) {
    const ended = await host.run(['repository', 'init', name]);
    assert.equal(ended.code, 2, ended.stdout);
    assert.match(ended.stdout + ended.stderr, words);
  }
  assert.deepEqual(listFiles(host.path('mnt')), []);
  assert.deepEqual(listFiles(host.path('full')), ['photo.jpg']);
  assert.ok(!existsSync(host.path('nowhere')));
  assert.equal((await host.run(['repository', 'init', 'fulll'])).code, 64);
});

test('check-access tells missing, wrong password, unreadable secret and unmounted apart', async (t) => {
  const host = scratchHost(t);
  host.addRepository('good');
  host.addRepository('other', { passwordFile: host.write('wrong', 'wrong\n', 0o600) });
  host.addRepository('secretless', { passwordFile: host.path('gone') });
  declare(host, 'absent');
  declare(host, 'nas', { mounted: host.path('home') });
  const ended = await host.run(['--json', 'repository', 'check-access']);
  assert.equal(ended.code, 1, ended.stderr);
  assert.equal((await host.run(['repository', 'check-access', 'other', 'nas'])).code, 2, 'not one of them opens');
  const { repositories } = JSON.parse(ended.stdout) as {
    repositories: { repository: string; opens: boolean; error: { code: string; hint: string | null } | null }[];
  };
  assert.deepEqual(
    repositories.map(({ repository, opens, error }) => [repository, opens, error?.code ?? null]),
    [
      ['good', true, null],
      ['other', false, 'wrong-password'],
      ['secretless', false, 'secret-unreadable'],
      ['absent', false, 'repository-missing'],
      ['nas', false, 'not-mounted'],
    ],
  );
  assert.ok(repositories.every(({ error }) => error === null || error.hint));
  const one = await host.run(['repository', 'check-access', 'good']);
  assert.equal(one.code, 0);
  assert.match(one.stdout, /good: opens, repository [0-9a-f]{10} \(format 2\)/);
});

test('unlock clears the lock of a dead process, names it, and leaves a live one', async (t) => {
  const host = scratchHost(t);
  const near = host.addRepository('near');
  const notes = host.addService('notes');
  // A backup that reads a pipe holds its lock until it is killed.
  const holder = host.startRestic('near', [
    'backup',
    '--stdin-from-command',
    '--',
    'sh',
    '-c',
    'echo reading >&2; exec sleep 30',
  ]);
  await holder.said(/reading/);
  assert.equal(host.locks('near').length, 1);
  const live = await host.run(['--json', 'repository', 'unlock', 'near']);
  assert.equal(live.code, 0, live.stderr);
  const step = stepOf(reportOf(live), 'unlock:near');
  assert.equal(step.outcome, 'skipped');
  assert.match(String(step.reason), new RegExp(`process ${holder.child.pid}`));
  assert.equal(host.locks('near').length, 1);

  holder.child.kill('SIGKILL');
  await holder.ended;
  const dead = await host.run(['repository', 'unlock', 'near']);
  assert.equal(dead.code, 0, dead.stderr);
  assert.match(dead.stdout, new RegExp(`removed the lock of process ${holder.child.pid}`));
  assert.deepEqual(host.locks('near'), []);
  const again = await host.run(['--json', 'repository', 'unlock', 'near']);
  assert.equal(stepOf(reportOf(again), 'unlock:near').reason, 'it is not locked');
  assert.ok(existsSync(near) && existsSync(notes));
});

test('init refuses what has lost its config file, and does not open what has another password', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near', { passwordFile: host.write('wrong', 'wrong\n', 0o600) });
  host.addService('notes');
  const ended = await host.run(['--json', 'repository', 'init', 'near']);
  assert.equal(ended.code, 2);
  assert.equal(stepOf(reportOf(ended), 'initialise:near').error?.code, 'wrong-password');
  renameSync(host.path('near/config'), host.path('config'));
  const lost = await host.run(['--json', 'repository', 'init', 'near']);
  assert.equal(lost.code, 2);
  assert.match(String(stepOf(reportOf(lost), 'initialise:near').error?.hint), /do not initialise it/);
  rmSync(host.path('near'), { recursive: true });
  writeFileSync(host.path('near'), 'a file');
  chmodSync(host.path('near'), 0o600);
  assert.equal((await host.run(['repository', 'init', 'near'])).code, 2);
});

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  test(`an init that ${signal} ends half way does not stand in the way of the next`, async (t) => {
    const host = scratchHost(t);
    for (const name of ['fresh', 'empty']) declare(host, name);
    mkdirSync(host.path('empty'));
    // restic, stopped for good before it has written its config
    const halfway = host.script(
      'halfway',
      `case " $* " in *" init "*) ;; *) exec restic "$@";; esac
       cd "$RESTIC_REPOSITORY" 2>/dev/null || { mkdir "$RESTIC_REPOSITORY" && cd "$RESTIC_REPOSITORY"; }
       mkdir -p data/00 index keys locks snapshots; echo > keys/1
       echo > ${host.path('marks/half')}; exec sleep 600`,
    );
    for (const name of ['fresh', 'empty']) {
      rmSync(host.path('marks/half'), { force: true });
      const half = appears(host.path('marks'), () => existsSync(host.path('marks/half')));
      const started = host.start(['repository', 'init', name], { env: { HOLDFAST_RESTIC: halfway } });
      await half;
      started.child.kill(signal);
      assert.equal((await started.ended).code, signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT')
        assert.deepEqual([existsSync(host.path(name)), listFiles(host.path(name))], [name === 'empty', []]);
      const again = await host.run(['repository', 'init', name]);
      assert.equal(again.code, 0, again.stderr);
      await host.restic(name, ['check']);
    }
    assert.deepEqual(host.leftovers(), []);
  });
}
