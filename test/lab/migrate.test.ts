// A service that is running is moved onto a dataset of real OpenZFS, and back; Holdfast is killed in the middle of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { textAt } from '../../src/lib/json.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast } from './support/holdfast-on.ts';
import { killAt, THERE } from './support/migrate-kills.ts';
import {
  assertSettled,
  backToDirectory,
  DATASET,
  declare,
  fingerprint,
  mark,
  nextStart,
  PATH,
  prepare,
  whereItIs,
} from './support/migrating-host.ts';

const skip = missingFor('machine');
let lab: Lab;
let host: Machine;
let expected: string;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['400MB'], packages: ['attr', 'acl'] });
    await prepare(host);
    await declare(host);
    expected = await fingerprint(host);
    assert.match(expected, /linked\nsparse/);
  },
  { timeout: 900_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

const migrate = (...args: string[]): ReturnType<typeof holdfast> => holdfast(host, ['migrate', 'app', ...args]);
const zfs = (...argv: string[]): Promise<string> => host.tell('zfs', ...argv);
const refusal = async (...args: string[]): Promise<string> => {
  const { exitCode, stdout } = await host.exec(['holdfast', '--json', 'migrate', ...args], { anyExit: true });
  assert.equal(exitCode, 2, stdout);
  const { error } = JSON.parse(stdout) as { error: { message: string; hint: string } };
  return `${error.message} -> ${error.hint}`;
};

test('a dry run tells all of it and changes nothing', { skip, timeout: 600_000 }, async () => {
  const { exitCode, report } = await migrate('--dry-run');
  assert.equal(exitCode, 0);
  assert.deepEqual(
    report.steps.map(({ id }) => id).filter((id) => !id.startsWith('preflight')),
    ['backup:app@near', 'drill:app@near', 'migrate:app'],
  );
  assert.match(JSON.stringify(stepOf(report, 'migrate:app').result), /stop app\.service.*create it.*copy.*rename.*start/);
  assert.equal(await mark(host), 'none');
  assert.equal(await whereItIs(host, expected), 'directory');
});

test(
  'backed up, drilled, moved with every attribute, and running; the old directory stays until its time is over',
  { skip, timeout: 600_000 },
  async () => {
    assert.equal((await holdfast(host, ['repository', 'init', 'near'])).exitCode, 0);
    const { exitCode, report } = await migrate();
    assert.equal(exitCode, 0, JSON.stringify(report.steps));
    assert.deepEqual(
      report.steps.map(({ outcome }) => outcome),
      report.steps.map(() => 'succeeded'),
    );
    assert.equal(await assertSettled(host, expected), 'dataset');
    const { result } = stepOf(report, 'migrate:app');
    assert.equal(result?.['attributesCompared'], true);
    assert.equal(await zfs('get', '-Hpo', 'value', 'recordsize,canmount,mountpoint', DATASET), `16384\non\n${PATH}`);
    assert.equal(await zfs('get', '-Hpo', 'value', 'holdfast:migrated-from', DATASET), textAt(result ?? {}, 'oldAt'));
    assert.match(await refusal('app'), /was moved to .* already .*--clean-up.*--rollback/);
    assert.match(await refusal('app', '--clean-up'), /kept until 20\d\d-.*keepOld/);
  },
);

test('rolled back, what was written since is told, and stays in the dataset', { skip, timeout: 600_000 }, async () => {
  await host.sh(`echo new >${PATH}/new`);
  const { exitCode, report } = await migrate('--rollback');
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  assert.equal(await assertSettled(host, expected), 'directory');
  const { result, warnings } = stepOf(report, 'migrate:app');
  assert.deepEqual(new Set(result?.['written'] as string[]), new Set(['count', 'new']));
  assert.match(warnings.join(), /^2 files and directories were written .* zfs mount tank\/persist\/app/);
  await zfs('mount', DATASET);
  assert.equal(await host.read(`${textAt(result ?? {}, 'keptAt')}/new`), 'new\n');
  await zfs('unmount', DATASET);
  assert.match(await refusal('app'), /holds what was written .*zfs rename/);
  assert.match(await refusal('app', '--rollback'), /no migration of app waits/);
  await host.sh(`zfs destroy -r ${DATASET}; rmdir /persist/.app.rolled-back-* 2>/dev/null || true`);
});

for (const point of THERE.slice(0, 3)) {
  test(
    `killed ${point.what}: with the next start it is on the ${point.side}, whole`,
    { skip, timeout: 600_000 },
    async () => {
      await declare(host);
      await killAt(host, point, ['--no-backup']);
      await nextStart(host);
      assert.equal(await assertSettled(host, expected), point.side);
      await backToDirectory(host);
    },
  );
}
