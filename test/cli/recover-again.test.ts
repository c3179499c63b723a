// What a timer asks after a recovery has failed: whether the unit may be started again now. systemd is a fake, which answers as
// that does and notes what it is told.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { PATH, type ScratchHost, scratchHost } from '../support/cli.ts';

interface Scene {
  readonly host: ScratchHost;
  /** What it answers, and what it told systemd to do. */
  readonly again: (states?: Readonly<Record<string, string>>) => Promise<{ readonly said: string; readonly told: string }>;
  /** As its unit runs it. */
  readonly fail: () => Promise<void>;
  /** Everything on record happened that much earlier. */
  readonly pass: (minutes: number) => void;
}

/** Its data is lost, and it is backed up in one place. */
async function lost(t: TestContext): Promise<Scene> {
  const host = scratchHost(t);
  host.addRepository('near');
  const data = host.addService('app');
  host.services['app'] = { ...host.services['app'], unit: 'app.service', recover: {} };
  assert.equal((await host.backUp()).code, 0);
  rmSync(data, { recursive: true });
  const log = host.path('told');
  host.script(
    'bin/systemctl',
    `case "$*" in
*Job*) echo Job=;;
show*recover@*) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=x\\n' "\${FAKE_RECOVERY:-failed}";;
show*) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=x\\n' "\${FAKE_UNIT:-inactive}";;
*) echo "$*" >> ${log};;
esac`,
  );
  return {
    host,
    async again(states = {}) {
      rmSync(log, { force: true });
      const { code, stdout, stderr } = await host.run(['recover', 'app', '--again'], {
        env: { PATH: `${host.path('bin')}:${PATH}`, ...states },
      });
      assert.equal(code, 0, stdout + stderr);
      return { said: stdout, told: existsSync(log) ? readFileSync(log, 'utf8').trim() : '' };
    },
    async fail() {
      assert.equal((await host.run(['recover', 'app', '--before-start'])).code, 2);
    },
    pass(minutes) {
      using journal = new DatabaseSync(host.path('state/journal.db'));
      journal.exec(`UPDATE steps SET ended_at = ended_at - ${minutes * 60_000}`);
    },
  };
}

const START = 'start --no-block -- app.service';
const END = 'stop -- holdfast-recover-again@app.timer';

test('what did not answer is asked again after five minutes, then ten: the unit is started, which recovers first', async (t) => {
  const { host, again, fail, pass } = await lost(t);
  renameSync(host.path('near'), host.path('near-away'));
  await fail();
  const early = await again();
  assert.match(early.said, /it is tried again after 20/);
  assert.equal(early.told, '');
  pass(5);
  assert.equal((await again()).told, START);
  await fail();
  pass(6);
  assert.equal((await again()).told, '', 'the second time it takes longer');
  pass(4);
  assert.equal((await again()).told, START);
});

test('where only a person can help nothing is tried again: a wrong password, no copy at all, one part of two', async (t) => {
  const { host, again, fail, pass } = await lost(t);
  host.write('password', 'another one', 0o600);
  await fail();
  pass(600);
  const { said, told } = await again();
  assert.equal(told, END);
  assert.match(said, /Stop trying to start app\.service/);
});

test('it ends with a unit that runs and with a recovery that has not failed, and waits while one is at work', async (t) => {
  const { host, again, fail, pass } = await lost(t);
  renameSync(host.path('near'), host.path('near-away'));
  await fail();
  pass(600);
  assert.equal((await again({ FAKE_UNIT: 'active' })).told, END);
  assert.equal((await again({ FAKE_RECOVERY: 'inactive' })).told, END);
  assert.equal((await again({ FAKE_RECOVERY: 'activating' })).told, '');
  rmSync(host.path('state'), { recursive: true });
  assert.equal((await again()).told, START, 'a recovery that failed without a record is tried again');
});
