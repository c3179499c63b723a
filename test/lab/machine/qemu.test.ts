// Which processor a machine gets. What KVM does is played here, because a machine has one that works or one that does not.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Acceleration, qemuArguments, tryKvm } from '../../../lab/machine/qemu.ts';
import { missingFor } from '../../../lab/requirements.ts';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const skip = missingFor('machine');

for (const [title, script, expected] of [
  ['boots a kernel to its end', 'exit 0', existsSync('/dev/kvm') ? 'kvm' : 'tcg'],
  ['fails', 'echo "failed to set MSR" >&2; exit 134', 'tcg'],
  ['hangs', 'exec sleep 1000', 'tcg'],
] as const) {
  test(`a machine is ${expected === 'kvm' ? 'not ' : ''}emulated where KVM ${title}`, { skip }, async (t) => {
    using directory = temporaryDirectory();
    const program = join(directory.path, 'qemu-system-x86_64');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    const path = process.env['PATH'] ?? '';
    t.after(() => (process.env['PATH'] = path));
    process.env['PATH'] = `${directory.path}:${path}`;
    assert.equal(await tryKvm('/nowhere', duration(1, 's')), expected satisfies Acceleration);
  });
}

test('a machine shows the time that it is given, and boots from its root alone', () => {
  const argv = qemuArguments(
    {
      name: 'forge',
      kernel: '/vmlinuz',
      root: { file: '/root.img', format: 'qcow2' },
      disks: { data1: { file: '/data.img', format: 'raw' }, release: { file: '/r.img', format: 'raw', readOnly: true } },
      memory: 1e9 as Bytes,
      clock: Date.parse('2031-05-06T07:08:09.123Z') as Instant,
      monitor: '/monitor',
      agent: '/agent',
      console: '/console',
      network: [],
    },
    'tcg',
  ).join(' ');
  assert.match(argv, /-rtc base=2031-05-06T07:08:09 /);
  assert.match(argv, /-m 954M/);
  assert.match(argv, /root=\/dev\/nvme0n1 rootwait/);
  assert.match(argv, /-drive if=none,file=\/r\.img,format=raw,cache=unsafe,read-only=on,id=release/);
  assert.equal(argv.match(/-device nvme,/g)?.length, 1);
});
