// A machine that does not boot. Its processor is played: the emulated one is seldom wrong.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCache } from '../../../lab/cache.ts';
import { Machine, NO_OFFSET } from '../../../lab/machine/machine.ts';
import { missingFor } from '../../../lab/requirements.ts';
import { RunDirectory } from '../../../lab/run-directory.ts';
import type { Bytes } from '../../../src/domain/bytes.ts';

const skip = missingFor('machine');
let directory: RunDirectory;
const path = process.env['PATH'] ?? '';

before(async () => {
  if (skip) return;
  directory = await RunDirectory.create(openCache());
});
after(async () => {
  process.env['PATH'] = path;
  await directory?.[Symbol.asyncDispose]();
});

for (const [title, panic, tries] of [
  ['is started three times when its kernel panics, and then told with its last words', 'Fatal exception in interrupt', 3],
  ['is not started again when it has no root', 'VFS: Unable to mount root fs', 1],
] as const) {
  test(`an emulated machine ${title}`, { skip }, async () => {
    const programs = directory.make('programs', String(tries));
    const counted = join(programs, 'counted');
    const program = join(programs, 'qemu-system-x86_64');
    const script = [
      '#!/bin/sh',
      'case "$*" in *"-accel kvm"*) exit 1 ;; esac',
      `echo once >>${counted}`,
      'log=${*##*logfile=}',
      `echo "Kernel panic - not syncing: ${panic}" >"\${log%% *}"`,
    ];
    writeFileSync(program, script.join('\n'));
    chmodSync(program, 0o755);
    process.env['PATH'] = `${programs}:${path}`;
    const host = new Machine({
      name: 'forge',
      runId: directory.id,
      directory: directory.make('hosts', String(tries)),
      kernel: '/vmlinuz',
      root: { file: '/root.img', format: 'raw' },
      release: '/release.img',
      data: [],
      memory: 1e9 as Bytes,
      clockOffset: NO_OFFSET,
      network: null,
    });
    await assert.rejects(host.boot(), { message: new RegExp(`qemu ended: \\n.*${panic}`) });
    assert.equal(readFileSync(counted, 'utf8'), 'once\n'.repeat(tries));
  });
}
