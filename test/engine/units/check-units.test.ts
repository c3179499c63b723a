import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitNames } from '../../../src/domain/naming.ts';
import { checkUnits, type SeenHost } from '../../../src/engine/units/check-units.ts';
import type { UnitScene } from '../../../src/engine/units/scene.ts';
import { unitSet } from '../../../src/engine/units/unit-set.ts';
import { configuration } from '../support/host.ts';

const scene: UnitScene = { configuration: configuration(), program: ['/usr/bin/holdfast'], environment: {} };
const set = unitSet(scene);
const timers = [...set.files.keys()].filter((name) => name.endsWith('.timer'));
const asConfigured: SeenHost = {
  differences: [...set.files.keys()].map((path) => ({ path, kind: 'file', standing: 'same', unwanted: false })),
  active: new Set(timers),
  held: false,
  missingPrograms: [],
  missingCredentials: [],
  unseenCredentials: [],
  unknownUnits: new Set(),
};
const told = (more: Partial<SeenHost>): string[] =>
  checkUnits(scene, set, { ...asConfigured, ...more }).map(
    ({ severity, kind, subject }) => `${severity} ${kind} ${subject}`,
  );

test('a host on which everything is as configured has no findings', () => {
  assert.ok(timers.length > 2);
  assert.deepEqual(told({}), []);
});

test('a timer that does not run is a problem, on hold it is a warning, and where nobody may say it is no problem yet', () => {
  const [first = '', ...rest] = timers.filter((name) => name !== unitNames.timer('notify', null));
  const active = new Set([...rest, unitNames.timer('notify', null)]);
  assert.deepEqual(told({ active }), [`problem not-active ${first}`]);
  assert.deepEqual(told({ active, held: true }), [`warning on-hold ${first}`]);
  assert.deepEqual(told({ active, held: null }), [`warning not-active ${first}`]);
});

test('a credential that this user may not look for is told as that, and not as missing', () => {
  assert.deepEqual(told({ unseenCredentials: ['nas'] }), ['warning not-seen nas']);
  assert.deepEqual(told({ missingCredentials: ['nas'] }), ['problem no-credential nas']);
});
