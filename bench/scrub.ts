// What `holdfast verify --keyless` costs against sha256sum over the same files: 1 GiB in packs of the usual size.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scratch } from './scratch.ts';
import { type Bench, cpuRatio, memory, wallRatio } from './table.ts';

const PACKS = 64;
const PACK = 16 * 1024 * 1024; // bytes
const SMALL = 500;

export const scrubBench: Bench = {
  title: `holdfast verify --keyless against sha256sum, ${PACKS} packs of 16 MiB and ${SMALL} small files`,
  rounds: 5,
  warmUp: true,
  goals: [cpuRatio(1.3), wallRatio(1.3), memory(150)],
  contestants(scratch) {
    const repository = makeFiles(scratch);
    const everyFile = 'find "$1/keys" "$1/index" "$1/snapshots" "$1/data" -type f -print0 | xargs -0 sha256sum';
    const state = ['--state-dir', scratch.path('state')];
    const program = scratch.path('dist', 'holdfast.js');
    return [
      { name: 'sha256sum', argv: ['sh', '-c', everyFile, 'sh', repository] },
      {
        name: 'holdfast verify --keyless',
        argv: ['node', program, ...state, 'verify', '--quiet', '--url', repository, '--keyless'],
      },
    ];
  },
};

/** As a repository has them; what stands in them is of no interest here. */
function makeFiles(scratch: Scratch): string {
  const repository = scratch.path('files');
  const add = (kind: string, content: Buffer): void => {
    const name = createHash('sha256').update(content).digest('hex');
    const directory = join(repository, kind, ...(kind === 'data' ? [name.slice(0, 2)] : []));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, name), content);
  };
  const pack = randomBytes(PACK);
  for (let index = 0; index < PACKS; index += 1) {
    pack.writeUInt32LE(index);
    add('data', pack);
  }
  for (let index = 0; index < SMALL; index += 1) add(index % 2 === 0 ? 'snapshots' : 'index', randomBytes(400));
  add('keys', randomBytes(400));
  writeFileSync(join(repository, 'config'), randomBytes(155));
  return repository;
}
