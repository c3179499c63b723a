import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/temporary.ts';
import { parsed, scratchHost } from './support/scratch-host.ts';

test('history lists runs newest first, and show tells one as it was told then', async () => {
  using host = await scratchHost({ services: ['alpha', 'beta'] });
  const nothing = await host.holdfast('history');
  assert.deepEqual([nothing.code, nothing.out], [0, 'Nothing has run yet.\n']);

  const first = parsed(await host.holdfast('--json', 'run', 'alpha'));
  const second = await host.holdfast('run', 'beta');
  assert.equal(second.code, 0, second.err);
  const listed = parsed(await host.holdfast('--json', 'history'));
  const runs = listed['runs'] as { id: string; kind: string; outcome: string }[];
  assert.deepEqual(
    runs.map(({ kind, outcome }) => [kind, outcome]),
    [
      ['run', 'succeeded'],
      ['run', 'succeeded'],
    ],
  );
  assert.equal(runs[1]?.id, first['id']);

  const table = await host.holdfast('history', '--limit', '1');
  const [title, row, end] = table.out.split('\n');
  assert.match(title ?? '', /RUN +STARTED +WHAT +TOOK +OUTCOME/);
  const short = runs[0]?.id.slice(0, 12) ?? '';
  assert.match(row ?? '', new RegExp(`^✓ +${short} .* run .* succeeded: 1 of 1 succeeded$`));
  assert.equal(end, '');

  const shown = await host.holdfast('history', 'show', short);
  assert.equal(shown.code, 0, shown.err);
  assert.equal(shown.out, second.out); // the very report
  assert.deepEqual(parsed(await host.holdfast('--json', 'history', 'show', String(first['id']))), first);
});

const notRoot = process.getuid?.() === 0 ? false : 'only root can be somebody else';

test('history of somebody who uses the configuration of another says whose history it is', { skip: notRoot }, () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'holdfast.yaml');
  chmodSync(folder.path, 0o755);
  writeFileSync(file, 'version: 1\nrepositories: {d: {url: /r, passwordFile: /p}}\nservices: {}\n');
  const main = join(import.meta.dirname, '../../src/main.ts');
  const argv = [main, '--config', file, '--state-dir', join(folder.path, 'state'), 'history'];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { uid: 65_534, encoding: 'utf8' });
  assert.match(
    stdout,
    /^Nothing has run yet, as far as \S+state tells: the owner of \S+ may have another history\.\n$/,
    stderr,
  );
});

test('history --service tells only runs about that service, also when it is no longer configured', async () => {
  using host = await scratchHost({ services: ['alpha', 'beta'] });
  await host.holdfast('run', 'alpha');
  await host.holdfast('run', 'beta');
  host.write('holdfast.yaml', readFileSync(host.file('holdfast.yaml'), 'utf8').replace(/^ {2}alpha:.*$/m, ''));
  const runs = parsed(await host.holdfast('--json', 'history', '--service', 'alpha'))['runs'] as {
    steps: { service: string }[];
  }[];
  assert.equal(runs.length, 1);
  assert.ok(runs[0]?.steps.some((step) => step.service === 'alpha'));
});

test('history show of an unknown run, and wrong values, are exit 64 with a way on', async () => {
  using host = await scratchHost({ repositories: ['near'] });
  const unknown = await host.holdfast('history', 'show', '01ABCDEF');
  assert.equal(unknown.code, 64);
  assert.match(unknown.err, /error: no run has an id that begins with 01ABCDEF\nhint: .*holdfast .*history/);
  assert.match((await host.holdfast('history', 'show', '01AB')).err, /01AB is too short/);
  assert.match((await host.holdfast('history', 'show', 'latest')).err, /nothing has run yet/);
  assert.equal((await host.holdfast('history', '--limit', '0')).code, 64);
  const typo = await host.holdfast('history', '--service', 'alhpa');
  assert.equal(typo.code, 64);
  assert.match(typo.err, /Did you mean alpha/);
});
