// A repository on a real file system that is too small.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { configure, holdfast, restic, snapshotIds } from './support/holdfast-on.ts';

const skip = missingFor('container');
const REPOSITORY = '/srv/small/repository';

test('a full repository is told as that, retention makes room in it, and the next run succeeds', { skip }, async () => {
  await using lab = await openLab();
  const host = await lab.container({ name: 'forge', fileSystems: { '/srv/small': { type: 'ext4', size: '120MB' } } });
  await configure(host, {
    repositories: { small: { url: REPOSITORY, mounted: '/srv/small' } },
    services: { notes: { backup: { paths: ['/srv/notes'], retention: { last: 1 } } } },
  });
  assert.equal((await holdfast(host, ['repository', 'init', 'small'])).exitCode, 0);
  const change = (): Promise<unknown> => host.sh('mkdir -p /srv/notes && head -c 30M /dev/urandom >/srv/notes/large');
  const backUp = async (): ReturnType<typeof holdfast> => {
    await change();
    return await holdfast(host, ['run']);
  };
  for (let run = 1; run <= 3; run += 1) assert.equal((await backUp()).exitCode, 0, `run ${run} of three that fit`);

  const full = await backUp();
  assert.equal(full.exitCode, 2);
  const { error } = stepOf(full.report, 'backup:notes@small');
  assert.equal(error?.code, 'no-space');
  assert.match(`${error?.message} ${error?.tool?.stderrTail.join(' ')}`, /no space left on device/);
  assert.match(error?.hint ?? '', /holdfast retention apply/);
  assert.equal((await snapshotIds(host, REPOSITORY)).length, 3, 'what failed is not there');
  assert.equal(await host.tell('ls', `${REPOSITORY}/locks`), '');

  const used = async (): Promise<number> => Number((await host.tell('df', '--output=used', '/srv/small')).split('\n')[1]);
  const before = await used();
  assert.equal((await holdfast(host, ['retention', 'apply'])).exitCode, 0);
  assert.ok((await used()) < before / 2, 'two of the three are gone');
  assert.equal((await backUp()).exitCode, 0);
  assert.equal((await snapshotIds(host, REPOSITORY)).length, 2);
  assert.match(await restic(host, REPOSITORY, ['check', '--read-data']), /no errors were found/);
});
