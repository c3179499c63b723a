import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { isNamedBySome, untilNamedByNobody } from '../../src/process/named-by.ts';

test('a path is named by a process that was told to write into it, until that has ended', async () => {
  const path = `/nowhere/${process.pid}/data`;
  const child = spawn('sh', ['-c', 'echo; read answer', 'sh', `--target=${path}/deep`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  assert.equal(isNamedBySome(path), true);
  assert.equal(isNamedBySome(`/nowhere/${process.pid}/dat`), false, 'a name that only begins alike is another');
  const ended = once(child, 'exit');
  const waiting = untilNamedByNobody(path, duration(1, 'm'));
  child.stdin.end('\n');
  await Promise.all([waiting, ended]);
  assert.equal(isNamedBySome(path), false);
});

test('whoever does not end is waited for no longer than the patience lasts', async () => {
  const path = `/nowhere/${process.pid}/other`;
  const child = spawn('sh', ['-c', 'echo; read answer', 'sh', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await untilNamedByNobody(path, duration(120, 'ms'));
  assert.equal(isNamedBySome(path), true);
  child.stdin.end('\n');
  await once(child, 'exit');
});
