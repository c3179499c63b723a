import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { HERE, type ZfsEnd } from '../../../src/tools/zfs/end.ts';
import { endStranded, markedArgs, type Receiving } from '../../../src/tools/zfs/stranded.ts';

const far: ZfsEnd = { host: 'nas-1', argv: (command) => command };
const receiving = (replica: string): Receiving => ({ host: `forge-${process.pid}`, target: 'nas', replica });
const [ours, others] = [receiving('vault/my data'), receiving('vault/my data/below')];

/** Stands for a zfs receive whose sender is gone. */
async function waiting(of: Receiving, script = '') {
  const [program, ...args] = markedArgs(far, of, [
    process.execPath,
    '-e',
    `${script}; setTimeout(() => {}, 600_000); console.log('waits')`,
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await once(child.stdout, 'data');
  return { child, ended, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

test('what waits for a stream that nobody sends any more is ended, and nothing else is', async () => {
  using first = await waiting(ours);
  using second = await waiting(ours, "process.on('SIGTERM', () => setTimeout(() => process.exit(3), 300))");
  using other = await waiting(others);
  assert.equal(await endStranded(far, ours, AbortSignal.timeout(60_000)), 2);
  assert.deepEqual(await first.ended, [null, 'SIGTERM']);
  assert.deepEqual(await second.ended, [3, null], 'it was waited for');
  assert.equal(other.child.exitCode ?? other.child.signalCode, null);
  assert.equal(await endStranded(far, ours, AbortSignal.timeout(60_000)), 0);
});

test('on this machine nothing is marked, and nothing ended', async () => {
  assert.deepEqual(markedArgs(HERE, ours, ['zfs', 'receive']), ['zfs', 'receive']);
  assert.equal(await endStranded(HERE, ours, AbortSignal.timeout(60_000)), 0);
});
