import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unitFiles } from '../../../src/tools/systemd/unit-files.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a unit is found once, as the first directory has it: installed, masked or only another name', async () => {
  using directory = temporaryDirectory();
  const [etc, lib] = [join(directory.path, 'etc'), join(directory.path, 'lib')];
  mkdirSync(join(etc, 'a.service.d'), { recursive: true });
  mkdirSync(lib);
  for (const name of ['a', 'masked', 'hidden', 'x@']) writeFileSync(join(lib, `${name}.service`), '[Service]\n');
  writeFileSync(join(etc, 'hidden.service'), '');
  symlinkSync('/dev/null', join(etc, 'masked.service'));
  symlinkSync(join(lib, 'a.service'), join(etc, 'other.service'));
  symlinkSync('/opt/linked.service', join(etc, 'linked.service'));
  symlinkSync('x@.service', join(etc, 'x@one.service'));
  writeFileSync(join(etc, 'b.timer'), '[Timer]\n');

  const found = await unitFiles(['*.service'], [etc, join(directory.path, 'nowhere'), lib]);
  assert.deepEqual(Object.fromEntries(found.map(({ name, state }) => [name, state])), {
    'a.service': 'installed',
    'hidden.service': 'masked',
    'masked.service': 'masked',
    'other.service': 'alias',
    'linked.service': 'installed',
    'x@.service': 'installed',
    'x@one.service': 'installed',
  });
  assert.equal(found.length, 7);
  assert.deepEqual(
    (await unitFiles(['b*', 'absent'], [etc, lib])).map(({ name }) => name),
    ['b.timer'],
  );
});
