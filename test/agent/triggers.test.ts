import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { EventHub } from '../../src/agent/event-hub.ts';
import type { Jobs } from '../../src/agent/jobs.ts';
import { Triggers } from '../../src/agent/triggers.ts';
import { openTransientJournal } from '../../src/journal/open-journal.ts';
import { configuration, NOW } from '../engine/support/host.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const REQUEST = { service: 'sonarr', repository: null, key: 'deploy-7', by: 'me' };

/** `started`: the runs that were begun, none of which ends. */
function world(t: TestContext): { readonly triggers: Triggers; readonly stateDir: string; readonly started: string[] } {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  const journal = openTransientJournal();
  t.after(() => journal[Symbol.dispose]());
  const started: string[] = [];
  const jobs = {
    run: ({ runId }: { readonly runId: string }) => {
      started.push(runId);
      return new Promise(() => {});
    },
  } as unknown as Jobs; // all that is asked of it
  const stateDir = `${directory.path}/state`;
  const triggers = new Triggers(stateDir, {
    configuration: () => configuration(),
    journal: { now: () => journal },
    jobs,
    hub: new EventHub('t'),
    audit: () => {},
    clock: { now: () => NOW },
  });
  return { triggers, stateDir, started };
}

test('a key of which nothing could be written has started nothing, and starts a run when it is sent again', (t) => {
  const { triggers, stateDir, started } = world(t);
  assert.throws(() => triggers.trigger(REQUEST), { code: 'ENOENT' });
  assert.deepEqual(started, []);
  mkdirSync(stateDir);
  assert.equal(triggers.trigger(REQUEST).repeated, false);
  assert.equal(triggers.trigger(REQUEST).repeated, true);
  assert.equal(started.length, 1);
});

test('a service that there is not is told with the nearest name', (t) => {
  const { triggers } = world(t);
  assert.throws(() => triggers.trigger({ ...REQUEST, service: 'sonar' }), { code: 'usage', hint: /sonarr/ });
});
