import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { pastStranded } from '../../../src/engine/replication/past-stranded.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import type { ZfsEnd } from '../../../src/tools/zfs/end.ts';
import { markedArgs } from '../../../src/tools/zfs/stranded.ts';

const far: ZfsEnd = { host: 'nas-1', argv: (command) => command };
const receiving = { host: `hearth-${process.pid}`, target: 'nas', replica: 'vault/app' };
const failure = (code: 'busy' | 'no-space'): HoldfastError =>
  new HoldfastError({ code, operation: 'receive', subject: 'vault/app', message: 'dataset is busy' });

async function attempt(act: () => Promise<number>): Promise<{ done: number | null; warnings: string[] }> {
  const warnings: string[] = [];
  const context = { signal: AbortSignal.timeout(60_000), warn: (message: string) => void warnings.push(message) };
  return { done: await pastStranded(receiving, far, context, act), warnings };
}

test('where an earlier stream is in the way it is ended and told, and everything is looked at again', async () => {
  const [program, ...args] = markedArgs(far, receiving, ['sh', '-c', 'echo waits; exec sleep 600']);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  using _child = { [Symbol.dispose]: () => void child.kill('SIGKILL') };
  await once(child.stdout, 'data');
  const { done, warnings } = await attempt(async () => await Promise.reject(failure('busy')));
  assert.equal(done, null);
  assert.match(warnings.join('\n'), /^on nas-1 an earlier stream to vault\/app still waited for its sender: it was ended$/);
});

test('somebody else who receives there is a failure, as is anything else', async () => {
  const failing = (code: 'busy' | 'no-space') => attempt(async () => await Promise.reject(failure(code)));
  await assert.rejects(failing('busy'), { code: 'busy' });
  await assert.rejects(failing('no-space'), { code: 'no-space' });
  assert.deepEqual(await attempt(async () => await Promise.resolve(7)), { done: 7, warnings: [] });
});
