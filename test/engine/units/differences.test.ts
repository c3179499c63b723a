import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences, type Standing } from '../../../src/engine/units/differences.ts';
import type { Found } from '../../../src/engine/units/observe-units.ts';
import { sealed, sealOf } from '../../../src/engine/units/seal.ts';

const TIMER = 'holdfast-run@a.timer';
const LINK = `timers.target.wants/${TIMER}`;
const OURS = sealed('[Timer]\nOnCalendar=daily\n');
const OLDER = sealed('[Timer]\nOnCalendar=weekly\n');
const EDITED = OURS.replace('daily', 'hourly');
const FOREIGN = '[Timer]\nOnCalendar=daily\n';
const file = (text: string): Found => ({ kind: 'file', text });
const link = (target: string): Found => ({ kind: 'link', target });

const NOTHING = { files: new Map<string, string>(), links: new Map<string, string>() };
const WANTED = { files: new Map([[TIMER, OURS]]), links: new Map([[LINK, `../${TIMER}`]]) };

const standings = (wanted: typeof NOTHING, found: Readonly<Record<string, Found>>): Record<string, Standing> =>
  Object.fromEntries(differences(wanted, new Map(Object.entries(found))).map(({ path, standing }) => [path, standing]));

describe('a seal', () => {
  it('is intact on what was written, and broken by any change, also of itself and of the head', () => {
    assert.equal(sealOf(OURS), 'intact');
    for (const text of [
      EDITED,
      `${OURS}# more\n`,
      OURS.replace(/[0-9a-f]{64}/, 'f'.repeat(64)),
      OURS.replace('Written', 'Made'),
    ])
      assert.equal(sealOf(text), 'edited', text);
  });

  it('is not on what somebody else wrote', () => {
    for (const text of ['', FOREIGN, `[Unit]\nDescription=about holdfast-sha256: ${'0'.repeat(64)}\n`])
      assert.equal(sealOf(text), 'foreign');
  });
});

describe('what is wanted and there', () => {
  it('is the same where nothing differs, also when systemctl enabled it', () => {
    for (const target of [`../${TIMER}`, `/etc/systemd/system/${TIMER}`])
      assert.deepEqual(standings(WANTED, { [TIMER]: file(OURS), [LINK]: link(target) }), {
        [TIMER]: 'same',
        [LINK]: 'same',
      });
  });

  for (const [what, found, standing] of [
    ['missing where there is nothing', undefined, 'missing'],
    ['outdated where it is of another configuration', file(OLDER), 'outdated'],
    ['edited where somebody changed it', file(EDITED), 'edited'],
    ['foreign where somebody else wrote it', file(FOREIGN), 'foreign'],
    ['foreign where it is masked', link('/dev/null'), 'foreign'],
  ] as const) {
    it(`is ${what}`, () => {
      assert.equal(standings(WANTED, found ? { [TIMER]: found } : {})[TIMER], standing);
    });
  }
});

describe('what is there and not wanted', () => {
  it('is left over with its link when we wrote it', () => {
    assert.deepEqual(standings(NOTHING, { [TIMER]: file(OURS), [LINK]: link(`../${TIMER}`) }), {
      [TIMER]: 'left-over',
      [LINK]: 'left-over',
    });
  });

  it('stays with its link when somebody changed it', () => {
    assert.deepEqual(standings(NOTHING, { [TIMER]: file(EDITED), [LINK]: link(`../${TIMER}`) }), { [TIMER]: 'edited' });
  });

  it("is no business of ours when it is somebody else's, whatever its name", () => {
    const found = {
      [TIMER]: file(FOREIGN),
      [LINK]: link(`/etc/systemd/system/${TIMER}`),
      'holdfast-x.service': link('/dev/null'),
    };
    assert.deepEqual(standings(NOTHING, found), {});
  });

  it('is a link of ours that leads nowhere', () => {
    assert.deepEqual(standings(NOTHING, { [LINK]: link(`../${TIMER}`) }), { [LINK]: 'left-over' });
    assert.deepEqual(standings(NOTHING, { [LINK]: link(`/usr/lib/systemd/system/${TIMER}`) }), {});
  });
});
