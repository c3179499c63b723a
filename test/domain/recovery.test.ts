import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../src/domain/bytes.ts';
import type { Instant } from '../../src/domain/instant.ts';
import {
  type Copies,
  decide,
  lossOf,
  type Observation,
  type PathState,
  type RecoveryPolicy,
  type SeenPath,
} from '../../src/domain/recovery.ts';
import type { Said, SaidSource } from '../../src/domain/recovery-source.ts';

const seen = (state: PathState, wasEmpty = false): SeenPath => ({
  path: `/srv/${state}`,
  state,
  reason: state === 'unknown' ? '/srv/unknown cannot be looked at: no answer' : null,
  mayPass: state === 'unknown',
  wasEmpty,
});
const ID = 'ab'.repeat(32);
const FOUND: Copies = { kind: 'found', repository: 'nas', snapshotId: ID };
const NONE = { kind: 'none', repositories: ['nas', 'far'], poor: [], vanished: [] } as const;
const COPY = { repository: 'far', snapshotId: ID };
const INCOMPLETE: Copies = { ...NONE, poor: [{ ...COPY, kind: 'incomplete', why: 'is known to be incomplete' }] };
const REFUSED: Copies = { ...NONE, poor: [{ ...COPY, kind: 'refused', why: 'was found not to be good' }] };
const VANISHED: Copies = { ...NONE, vanished: [COPY] };
const dated = (bytes: number) => ({ snapshotId: ID, time: 0 as Instant, bytes: bytes as Bytes });
const SHRUNK: Copies = { kind: 'shrunk', repository: 'nas', newest: dated(1), before: dated(1000) };
const SILENT: Copies = { kind: 'unknown', poor: [], silent: [{ repository: 'nas', reason: 'no route', mayPass: true }] };
const COPIES: readonly Copies[] = [{ kind: 'unasked' }, FOUND, NONE, INCOMPLETE, REFUSED, VANISHED, SHRUNK, SILENT];
const source = (name: string, said: Said): SaidSource => ({ name, said, reason: `it is ${said}`, mayPass: true });
const SAID = ['found', 'nothing', 'unusable', 'silent'] as const;
/** None is declared, one, or two of which the first has nothing for us. */
const OTHERS: readonly (readonly SaidSource[])[] = [
  [],
  ...SAID.map((said) => [source('snapshot', said)]),
  ...SAID.slice(1).flatMap((first) => SAID.map((second) => [source('snapshot', first), source('replica nas', second)])),
];
const STATES = ['data', 'empty', 'absent', 'unknown'] as const;
const POLICY: RecoveryPolicy = {
  kept: 'files',
  fromRepositories: true,
  allowEmptyStart: false,
  permitted: null,
  onFailure: 'block',
};

/** Every observation of up to three paths, with every policy. */
function* everything(): Generator<[Observation, RecoveryPolicy]> {
  const each = STATES.flatMap((state) => [seen(state), seen(state, true)]);
  const sets = [...each.map((a) => [a]), ...each.flatMap((a) => each.map((b) => [a, b])), each];
  const both = [true, false];
  for (const paths of sets)
    for (const copies of COPIES)
      for (const kept of ['files', 'nothing'] as const)
        for (const fromRepositories of both)
          for (const allowEmptyStart of both)
            for (const permitted of [null, { gone: [] }, { gone: [ID] }])
              for (const onFailure of ['block', 'start-empty'] as const)
                for (const others of OTHERS)
                  yield [
                    { service: 'app', paths, copies, others },
                    { kept, fromRepositories, allowEmptyStart, permitted, onFailure },
                  ];
}

test('an empty start needs that all is lost, that every repository answered, that it is allowed, and that a person said so this once', () => {
  let allowed = 0;
  for (const [observation, policy] of everything()) {
    const decision = decide(observation, policy);
    if (decision.action !== 'start-empty') continue;
    allowed++;
    assert.equal(observation.copies.kind, 'none');
    assert.ok(policy.allowEmptyStart && policy.permitted !== null);
    assert.equal(lossOf(observation.paths), 'all');
    // snapshots and replicas that are sources have answered as well
    assert.ok(observation.others.every(({ said }) => said === 'nothing' || said === 'unusable'));
    // where anybody knows of a copy it needs one word more, and is held
    const isGone: boolean = observation.copies === VANISHED && policy.permitted.gone.length > 0;
    const known: boolean =
      (observation.copies !== NONE && !isGone) || observation.others.some(({ said }) => said === 'unusable');
    assert.equal(decision.held, known);
    if (decision.held) assert.equal(policy.onFailure, 'start-empty');
  }
  assert.ok(allowed > 0);
});

test('data is never replaced: a restore needs that no path has data, none is unknown, and that a copy was found', () => {
  let restores = 0;
  for (const [observation, policy] of everything()) {
    if (decide(observation, policy).action !== 'restore') continue;
    restores++;
    assert.ok(observation.paths.every(({ state }) => state === 'absent' || state === 'empty'));
    const elsewhere = observation.others.some(({ said }) => said === 'found');
    assert.ok(elsewhere || (observation.copies === FOUND && policy.fromRepositories));
    assert.equal(policy.kept, 'files');
  }
  assert.ok(restores > 0);
});

test('what is skipped has lost nothing, or is kept nowhere on purpose', () => {
  for (const [observation, policy] of everything()) {
    if (decide(observation, policy).action !== 'skip') continue;
    assert.ok(policy.kept === 'nothing' || (policy.kept === 'files' && lossOf(observation.paths) === 'none'));
  }
});

test('whatever has its data is used, whoever is silent', () => {
  for (const [observation, policy] of everything()) {
    if (policy.kept !== 'files' || lossOf(observation.paths) !== 'all') continue;
    const found = observation.others.some(({ said }) => said === 'found');
    if (found || (policy.fromRepositories && observation.copies === FOUND))
      assert.equal(decide(observation, policy).action, 'restore');
  }
});

test('what each source said is told where nothing comes back', () => {
  for (const [observation, policy] of everything()) {
    if (policy.kept !== 'files' || lossOf(observation.paths) !== 'all') continue;
    const { action, reason } = decide(observation, policy);
    if (action === 'restore') continue;
    for (const { name, said } of observation.others)
      if (said === 'silent') assert.match(reason, new RegExp(`${name}: it is silent`));
  }
});

test('every refusal says why, and what to do', () => {
  for (const [observation, policy] of everything()) {
    const decision = decide(observation, policy);
    assert.notEqual(decision.reason, '');
    if (decision.action === 'fail' || decision.action === 'block') assert.notEqual(decision.hint, '');
  }
});

test('each case of the table', () => {
  const lost = [seen('absent')];
  const of = (paths: readonly SeenPath[], copies: Copies, policy: Partial<RecoveryPolicy> = {}): string =>
    decide({ service: 'app', paths, copies, others: [] }, { ...POLICY, ...policy }).action;
  const table: readonly (readonly [string, string])[] = [
    [of([seen('data')], FOUND), 'skip'],
    [of(lost, FOUND), 'restore'],
    [of([seen('empty')], FOUND), 'restore'],
    [of([seen('empty', true)], FOUND), 'skip'],
    [of([seen('empty', true), seen('data')], FOUND), 'skip'],
    [of([seen('empty', true), seen('absent')], FOUND), 'restore'],
    [of([seen('absent'), seen('data')], FOUND), 'block'],
    [of([seen('unknown'), seen('absent')], FOUND), 'block'],
    [of(lost, SILENT), 'fail'],
    [of(lost, SILENT, { allowEmptyStart: true, onFailure: 'start-empty' }), 'fail'],
    [of(lost, NONE), 'fail'],
    [of(lost, NONE, { onFailure: 'start-empty' }), 'fail'],
    [of(lost, NONE, { allowEmptyStart: true }), 'fail'],
    [of(lost, NONE, { permitted: { gone: [] } }), 'fail'],
    [of(lost, NONE, { allowEmptyStart: true, permitted: { gone: [] } }), 'start-empty'],
    [of(lost, SILENT, { allowEmptyStart: true, permitted: { gone: [] }, onFailure: 'start-empty' }), 'fail'],
    [of(lost, INCOMPLETE, { allowEmptyStart: true, permitted: { gone: [] } }), 'block'],
    [of(lost, INCOMPLETE, { allowEmptyStart: true, permitted: { gone: [] }, onFailure: 'start-empty' }), 'start-empty'],
    [of(lost, INCOMPLETE, { allowEmptyStart: true, onFailure: 'start-empty' }), 'block'],
    [of(lost, SHRUNK, { allowEmptyStart: true, permitted: { gone: [] }, onFailure: 'start-empty' }), 'block'],
    [of(lost, REFUSED), 'block'],
    [of(lost, REFUSED, { allowEmptyStart: true, permitted: { gone: [] } }), 'block'],
    [of(lost, VANISHED, { allowEmptyStart: true, permitted: { gone: [] } }), 'block'],
    [of(lost, VANISHED, { allowEmptyStart: true, permitted: { gone: ['ff'.repeat(32)] } }), 'block'],
    [of(lost, VANISHED, { allowEmptyStart: true, permitted: { gone: [ID] } }), 'start-empty'],
    [of(lost, VANISHED, { permitted: { gone: [ID] } }), 'fail'],
    [of(lost, VANISHED, { allowEmptyStart: true, permitted: { gone: [] }, onFailure: 'start-empty' }), 'start-empty'],
    [of(lost, FOUND, { fromRepositories: false }), 'fail'],
    [of(lost, { kind: 'unasked' }), 'block'],
    [of([], FOUND, { kept: 'nothing' }), 'skip'],
  ];
  for (const [index, [action, expected]] of table.entries()) assert.equal(action, expected, `case ${index}`);
});

test('it is tried again by itself only where what is wrong may pass without a person', () => {
  const again = (paths: readonly SeenPath[], copies: Copies, others: readonly SaidSource[] = []): unknown => {
    const decision = decide({ service: 'app', paths, copies, others }, POLICY);
    return 'again' in decision && decision.again;
  };
  const lost = [seen('absent')];
  const lockedOut = { repository: 'far', reason: 'wrong password', mayPass: false };
  assert.equal(again(lost, SILENT), true);
  assert.equal(again(lost, { kind: 'unknown', poor: [], silent: [lockedOut] }), false);
  assert.equal(again(lost, { kind: 'unknown', poor: [], silent: [lockedOut, { ...lockedOut, mayPass: true }] }), true);
  for (const copies of [NONE, INCOMPLETE, VANISHED]) assert.equal(again(lost, copies), false);
  const dead = source('replica nas', 'silent');
  for (const copies of [NONE, INCOMPLETE, { kind: 'unknown', poor: [], silent: [lockedOut] } as const])
    assert.deepEqual([again(lost, copies, [dead]), again(lost, copies, [{ ...dead, mayPass: false }])], [true, false]);
  const hidden = seen('unknown');
  assert.equal(again([hidden, seen('data')], FOUND), true, 'a mount that is late');
  assert.equal(again([hidden, { ...hidden, mayPass: false }], FOUND), false, 'and a link to nothing');
  assert.equal(again([seen('absent'), seen('data')], FOUND), false);
});
