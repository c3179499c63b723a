// A week in the life of a host, minute by minute where something happens: what went wrong is told once, and once that it is over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { later } from '../../../src/domain/instant.ts';
import { NotifiedHost, type Out, START, UNREACHABLE } from './support.ts';

const SERVICES = ['books', 'mail', 'music', 'photos', 'videos'];

test('in a simulated week each of four failures is told once and resolved once, and nothing else is told', async () => {
  using host = new NotifiedHost(SERVICES);
  const told: string[] = [];
  for (let day = 0; day < 7; day += 1) {
    for (let hour = 0; hour < 24; hour += 1) {
      host.now = later(START, duration(day * 24 + hour, 'h'));
      if (hour === 2) await backUpAll(host, day);
      for (let minute = 0; minute < 60; minute += 10) {
        host.now = later(START, duration((day * 24 + hour) * 60 + minute, 'm'));
        await host.flush();
      }
    }
    told.push(...host.sent.splice(0).map(({ message }) => `day ${day}: ${message.kind}: ${message.title}`));
  }
  assert.deepEqual(told, [
    'day 1: backup-failure: Failed: 5 backups to nas (forge)',
    'day 2: backup-recovered: Resolved: 5 backups to nas (forge)',
    'day 2: partial: Incomplete: backup of photos to offsite (forge)',
    'day 3: backup-recovered: Resolved: backup of photos to offsite (forge)',
    'day 4: backup-failure: Failed: backup of music to nas (forge)',
    'day 5: backup-recovered: Resolved: backup of music to nas (forge)',
    'day 5: backup-failure: Failed: backup of mail to nas (forge)',
    'day 6: backup-recovered: Resolved: backup of mail to nas (forge)',
  ]);
});

/** Every job of the night, in runs of their own. On day 1 the NAS is dead; later a file is unreadable, a process is killed. */
async function backUpAll(host: NotifiedHost, day: number): Promise<void> {
  for (const service of SERVICES) {
    const jobs: Record<string, Out> = { [`${service}@nas`]: 'succeeded', [`${service}@offsite`]: 'succeeded' };
    if (day === 1) jobs[`${service}@nas`] = UNREACHABLE;
    if (day === 2 && service === 'photos') jobs['photos@offsite'] = 'partial';
    if (day === 4 && service === 'music') jobs['music@nas'] = 'died';
    if (day === 5 && service === 'mail') jobs['mail@nas'] = { code: 'no-space', message: 'no space is left' };
    if (jobs['music@nas'] === 'died') {
      host.run({ 'music@nas': 'died' });
      host.pass(duration(1, 's'));
      host.run({ 'music@offsite': 'succeeded' });
    } else host.run(jobs);
    host.pass(duration(1, 's'));
  }
  await host.flush();
}
