import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import type { OpenProblem } from '../../src/domain/notification.ts';
import { tellProblems } from '../../src/domain/notification-text.ts';

const NOW = Date.UTC(2026, 0, 1) as Instant; // a time is a number of milliseconds

const problem = (message: string, tail: readonly string[]): OpenProblem => ({
  key: 'backup:photos@nas',
  kind: 'backup-failure',
  cause: 'no-space',
  group: 'nas no-space',
  source: 'run',
  patience: 0,
  since: NOW,
  resolvedAt: null,
  toldAt: null,
  timesTold: 0,
  toldCauses: [],
  item: {
    subject: 'photos@nas',
    service: 'photos',
    repository: 'nas',
    unit: null,
    dataset: null,
    operation: 'backup',
    outcome: 'failed',
    message,
    tail,
    hint: null,
    runId: null,
    startedAt: NOW,
    durationSeconds: 1,
    at: NOW,
  },
});

test('what is wrong with a dataset is told by its name', () => {
  const { item, ...rest } = problem('recordsize: 128K (declared: 16K)', []);
  const about = {
    ...item,
    service: 'photos',
    repository: null,
    operation: 'drift',
    dataset: 'tank/photos',
    outcome: 'partial',
  };
  const drifted = { ...rest, kind: 'dataset-drift' as const, item: about };
  const scene = { host: 'forge', now: NOW, safe: () => null };
  const told = tellProblems({ kind: 'dataset-drift', phase: 'new', grouping: 'x', problems: [drifted] }, scene);
  assert.equal(told.title, 'Not as declared: dataset tank/photos (forge)');
  assert.match(told.body, /^recordsize: 128K \(declared: 16K\)\.$/m);
});

test('the last lines of a program are told without the one that is the message already', () => {
  const said = 'unable to create lock in backend: no space left on device';
  const failed = problem(said, ['Save(<lock/35779e88>) failed: no space left on device', said, '']);
  const telling = { kind: 'backup-failure', phase: 'new', grouping: 'x', problems: [failed] } as const;
  const { body } = tellProblems(telling, { host: 'forge', now: NOW, safe: () => null });
  assert.deepEqual(
    body.split('\n').filter((line) => line.includes('no space')),
    [`${said}.`, '  | Save(<lock/35779e88>) failed: no space left on device'],
  );
  assert.doesNotMatch(body, /\| *$/m);
});
