import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byUrgency } from '../../src/domain/urgency.ts';

test('critical services come first, then standard ones; of those what is promised soonest, then by name; no promise is last', () => {
  const service = (name: string, rto: number | null, className = 'standard') => ({
    name,
    protection: { rto, class: className },
  });
  const services = [
    service('b', null),
    service('a', null),
    service('slow', 4),
    service('quick', 1),
    service('late', null, 'critical'),
    service('own', 1, 'of its own'),
  ];
  assert.deepEqual(
    services.toSorted(byUrgency).map(({ name }) => name),
    ['late', 'quick', 'slow', 'a', 'b', 'own'],
  );
  fc.assert(
    fc.property(fc.shuffledSubarray(services, { minLength: services.length }), (shuffled) => {
      assert.deepEqual(shuffled.toSorted(byUrgency), services.toSorted(byUrgency));
    }),
  );
});
