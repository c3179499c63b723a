import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../../src/domain/plan.ts';
import { planRetention, type RetentionSelection } from '../../../src/engine/retention/plan-retention.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { backup, configuration, EPHEMERAL, service } from '../support/host.ts';

const CONFIG = configuration({
  stateDir: '/nowhere/state',
  services: new Map(
    [
      service('sonarr'),
      service('radarr', { backup: backup(['nas']) }),
      service('cache', { backup: null, protection: EPHEMERAL }),
    ].map((each) => [each.name, each]),
  ),
});

function planned(selection: Partial<RetentionSelection> = {}): Plan {
  using journal = openTransientJournal();
  const toolbox = { host: 'forge', stateDir: '/nowhere/state', restic: 'restic', user: { uid: 0, gid: 0 }, journal };
  return planRetention(CONFIG, { services: [], apply: true, confirmed: [], ...selection }, toolbox, () => {});
}

const ids = (plan: Plan): string[] => plan.steps.map(({ id }) => id);

test('retention is one step for each repository however many services it holds, and prune follows it', () => {
  const plan = planned();
  assert.deepEqual(ids(plan), ['preflight:tool:restic', 'retention:nas', 'retention:far', 'prune:nas', 'prune:far']);
  assert.deepEqual(plan.steps.find(({ id }) => id === 'prune:far')?.needs, ['retention:far']);
});

test('removing takes the repository for itself; deciding lets backups go on', () => {
  const modes = (apply: boolean): unknown =>
    planned({ apply }).steps.flatMap(({ locks }) => (locks ?? []).map(({ mode }) => mode));
  assert.deepEqual(modes(true), ['exclusive', 'exclusive', 'exclusive', 'exclusive']);
  assert.deepEqual(modes(false), ['shared', 'shared']);
});

test('only repositories of the services that were named are opened', () => {
  assert.deepEqual(ids(planned({ services: ['radarr'] })), ['preflight:tool:restic', 'retention:nas', 'prune:nas']);
});

test('a name that selects nothing is a usage error, and so is a confirmation of what is not selected', () => {
  for (const selection of [
    { services: ['sonar'] },
    { confirmed: ['sonar'] },
    { confirmed: ['*'] },
    { services: ['cache'] },
    { services: ['radarr'], confirmed: ['sonarr'] },
  ]) {
    assert.throws(
      () => planned(selection),
      (error) => error instanceof HoldfastError && error.code === 'usage',
    );
  }
});
