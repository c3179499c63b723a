// Holdfast killed at a certain moment of a migration.

import assert from 'node:assert/strict';
import type { Machine } from '../../../lab/machine/machine.ts';

export interface KillPoint {
  readonly what: string;
  readonly program: 'zfs' | 'cp' | 'systemctl';
  readonly when: 'before' | 'after';
  /** Of its arguments, as `case` has it. */
  readonly pattern: string;
  /** A shell command. */
  readonly condition?: string;
  readonly side: 'directory' | 'dataset';
}

/** Dies before or after a command, if a condition holds; of all that Holdfast starts. */
export async function killAt(
  host: Machine,
  { program, when, pattern, condition = 'true' }: Omit<KillPoint, 'what' | 'side'>,
  args: readonly string[],
): Promise<void> {
  const over = `/usr/local/bin/${program}`;
  const kill = `case "$*" in ${pattern}) if ${condition}; then kill -9 $PPID; exit 1; fi ;; esac`;
  const real = await host.tell('sh', '-c', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$1"', '-', program);
  const lines = when === 'before' ? [kill, `exec ${real} "$@"`] : [`${real} "$@"; code=$?`, kill, 'exit $code'];
  await host.write(over, `#!/bin/sh\n${lines.join('\n')}\n`, 0o755);
  const { exitCode } = await host.exec(['holdfast', 'migrate', 'app', ...args], { anyExit: true });
  await host.sh('rm "$1"', [over]);
  assert.notEqual(exitCode, 0, 'it was killed');
}

/** On the way there. The first three decide most. */
export const THERE: readonly KillPoint[] = [
  {
    what: 'when half of it is copied',
    program: 'cp',
    when: 'before',
    pattern: '*',
    condition: '/usr/bin/cp --archive /persist/app/sub /persist/.app.migrating*/',
    side: 'directory',
  },
  { what: 'just after it was decided', program: 'zfs', when: 'after', pattern: '"set "*migration=live*', side: 'dataset' },
  {
    what: 'between taking it off and mounting it for good',
    program: 'zfs',
    when: 'before',
    pattern: '"mount "*',
    condition: '[ -e /persist/.app.before* ]',
    side: 'dataset',
  },
  { what: 'after the dataset was made', program: 'zfs', when: 'after', pattern: '"create "*', side: 'directory' },
  { what: 'when all of it is copied', program: 'cp', when: 'after', pattern: '*', side: 'directory' },
  {
    what: 'just before it is decided',
    program: 'zfs',
    when: 'before',
    pattern: '"set "*migration=live*',
    side: 'directory',
  },
  { what: 'before the service is started', program: 'systemctl', when: 'before', pattern: '"start "*', side: 'dataset' },
];

export const BACK: readonly KillPoint[] = [
  { what: 'when the dataset is unmounted', program: 'zfs', when: 'after', pattern: '"unmount "*', side: 'dataset' },
  { what: 'just before it is decided', program: 'zfs', when: 'before', pattern: '"set "*migration=kept*', side: 'dataset' },
  { what: 'just after it was decided', program: 'zfs', when: 'after', pattern: '"set "*migration=kept*', side: 'directory' },
];
