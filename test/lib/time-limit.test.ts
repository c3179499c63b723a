import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { limitTime } from '../../src/lib/time-limit.ts';

it('aborts with its reason when the time is up, not before, also after more days than a timer can count', (test) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  test.after(() => mock.timers.reset());
  for (const days of [1, 24, 25, 30, 100]) {
    using limit = limitTime(duration(days, 'd'), () => new Error(`${days} days`));
    for (let day = 1; day < days; day += 1) mock.timers.tick(86_400_000);
    assert.equal(limit.signal.aborted, false, `${days} days`);
    for (let more = 0; more < 6; more += 1) mock.timers.tick(86_400_000); // a mocked timer set inside a tick counts from its end
    assert.match(String(limit.signal.reason), new RegExp(`${days} days`));
  }
});

it('never aborts once it was taken back', (test) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  test.after(() => mock.timers.reset());
  const limit = limitTime(duration(1, 's'), () => new Error('x'));
  limit[Symbol.dispose]();
  mock.timers.tick(5000);
  assert.equal(limit.signal.aborted, false);
});
