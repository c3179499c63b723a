// What `holdfast drill` adds to the `restic restore --verify` that it consists of: 1 GiB that does not compress, restored whole
// into the same file system, verified by both, removed again by both. Neither has a cache: where a restore is needed there is
// none. No second copy, no validators: what those cost is up to them.

import { createWriteStream, mkdirSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { once } from 'node:events';
import { type Bench, wallRatio } from './table.ts';

const FILES = 64;
const FILE_SIZE = 16 * 1024 * 1024;

export const drill: Bench = {
  title: 'holdfast drill against restic restore --verify and rm, 1 GiB in 64 files',
  rounds: 5,
  warmUp: true,
  goals: [wallRatio(1.05)],
  async contestants(scratch) {
    const data = scratch.path('data', 'service');
    mkdirSync(data, { recursive: true });
    const chunk = Buffer.allocUnsafe(FILE_SIZE);
    for (let index = 0; index < FILES; index += 1) {
      const file = createWriteStream(join(data, `file-${index}`));
      file.end(randomFillSync(chunk));
      await once(file, 'close');
    }
    const repository = scratch.makeRepository('repository');
    const config = scratch.writeConfiguration('holdfast.yaml', {
      stateDir: scratch.path('state'),
      repositories: { local: { url: repository, passwordFile: scratch.path('password') } },
      services: { service: { backup: { paths: [data] } } },
    });
    scratch.run(scratch.holdfast(config, 'run', '--quiet'));
    const target = scratch.path('target');
    const bare = `restic --repo ${repository} --no-cache restore latest --host bench --tag holdfast:job=service --verify --sparse --target ${target} && rm -r ${target}`;
    return [
      { name: 'restic restore --verify, rm', argv: ['bash', '-c', bare] },
      { name: 'holdfast drill', argv: scratch.holdfast(config, 'drill', '--quiet') },
    ];
  },
};
