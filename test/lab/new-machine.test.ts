// A host is lost, and a fresh one takes its place: as root, with the configuration where it belongs, owners and all.

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { configure, holdfast, PASSWORD_FILE } from './support/holdfast-on.ts';

const skip = missingFor('container');
const REPOSITORY = '/mnt/disk/repository';
const TREE = `find /srv/notes /srv/wiki -printf '%p %y %m %U:%G %T@ %l\\n' | sort; find /srv/notes /srv/wiki -type f | sort | xargs sha256sum`;

let lab: Lab;
let lost: Container;
let fresh: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  lost = await lab.container({
    name: 'forge',
    files: { '/srv/notes/a.txt': 'a note', '/srv/notes/sub/b.txt': 'another', '/srv/wiki/page': 'a page' },
  });
  fresh = await lab.container({ name: 'blank' });
  await lost.sh('chown -R 1234:4321 /srv/notes/sub && chmod 2750 /srv/wiki && ln -s page /srv/wiki/link && mkdir /mnt/disk');
  await configure(lost, {
    repositories: { disk: { url: REPOSITORY } },
    services: {
      notes: { backup: { paths: ['/srv/notes'] } },
      wiki: { backup: { paths: ['/srv/wiki'] }, protection: { class: 'critical' } },
    },
  });
  await lost.exec(['holdfast', 'repository', 'init', 'disk']);
  await lost.exec(['holdfast', 'run']);
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

test('a fresh host with the disk and the password gets the configuration and everything else back', { skip }, async () => {
  await fresh.sh('mkdir -p /mnt/disk /root/keys');
  cpSync(lost.outside(REPOSITORY), fresh.outside(REPOSITORY), { recursive: true, preserveTimestamps: true });
  await fresh.write('/root/keys/disk', 'correct horse\n', 0o600);
  const was = (await lost.sh(TREE)).stdout;
  const bootstrap = ['bootstrap', '--from', REPOSITORY, '--password-file', '/root/keys/disk'];
  const { report } = await holdfast(fresh, bootstrap);
  assert.equal(report.outcome, 'succeeded');
  assert.partialDeepStrictEqual(report.steps[0]?.result, {
    host: 'forge',
    file: '/etc/holdfast/holdfast.yaml',
    needs: [{ kind: 'secret', at: PASSWORD_FILE, state: 'missing' }],
  });
  assert.equal(await fresh.tell('stat', '-c', '%a %U', '/etc/holdfast/holdfast.yaml'), '600 root');
  const early = await fresh.exec(['holdfast', 'recover', '--all'], { anyExit: true });
  assert.equal(early.exitCode, 2, 'without the password nothing is known, and nothing is made');
  assert.match(early.stderr + early.stdout, /did not answer/);
  await fresh.exec(['mv', '/root/keys/disk', PASSWORD_FILE]);
  await fresh.exec(['holdfast', 'config', 'check']);
  const recovered = await holdfast(fresh, ['recover', '--all']);
  assert.deepEqual(
    recovered.report.steps.map(({ id, outcome }) => [id, outcome]),
    [
      ['recover:wiki', 'succeeded'],
      ['recover:notes', 'succeeded'],
    ],
  );
  assert.equal((await fresh.sh(TREE)).stdout, was);
  assert.equal((await holdfast(fresh, ['recover', '--all'])).report.outcome, 'skipped');
  assert.equal((await holdfast(fresh, ['run'])).exitCode, 0);
});
