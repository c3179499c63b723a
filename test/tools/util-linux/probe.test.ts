import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { presenceOf } from '../../../src/tools/util-linux/probe.ts';
import { asOrdinaryUser } from '../../support/cli.ts';

const never = new AbortController().signal;

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-probe-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('of each path it is told whether it is there, and whether it holds nothing, whatever its name', async (t) => {
  const directory = scratch(t);
  const names = ['empty', 'full', '-dash', 'new\nline', 'star*', "quote'", 'ünï', 'empty there'];
  for (const name of names) mkdirSync(join(directory, name));
  for (const name of names.slice(1)) writeFileSync(join(directory, name, 'a'), '');
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('/nonexistent', join(directory, 'dangling'));
  const there = [...names, 'file', 'dangling'].map((name) => join(directory, name));
  const missing = ['gone', 'full/gone', 'file/below', 'new'].map((name) => join(directory, name));
  const presence = await presenceOf([...there, ...missing], never);
  assert.deepEqual(presence, {
    present: there,
    missing,
    empty: [join(directory, 'empty')],
    links: [join(directory, 'dangling')],
  });
  assert.deepEqual(await presenceOf([], never), { present: [], missing: [], empty: [], links: [] });
});

test('what this user may not look at counts as present: restic tells why it cannot be read', (t) => {
  const directory = scratch(t);
  mkdirSync(join(directory, 'closed/inside'), { recursive: true });
  chmodSync(join(directory, 'closed'), 0);
  chmodSync(directory, 0o755);
  const paths = [join(directory, 'closed'), join(directory, 'closed/inside'), join(directory, 'gone')];
  const module = JSON.stringify(join(import.meta.dirname, '../../../src/tools/util-linux/probe.ts'));
  const code = `import { presenceOf } from ${module};
    console.log(JSON.stringify(await presenceOf(${JSON.stringify(paths)}, new AbortController().signal)));`;
  const [program, ...args] = [...asOrdinaryUser(), process.execPath, '--input-type=module-typescript', '-e', code];
  const presence: unknown = JSON.parse(execFileSync(program, args, { encoding: 'utf8', cwd: '/' }));
  assert.deepEqual(presence, { present: paths.slice(0, 2), missing: paths.slice(2), empty: [], links: [] });
});

test('a file system that does not answer keeps nobody who no longer wants to wait', async (t) => {
  const directory = scratch(t);
  const asked = Promise.withResolvers<void>();
  const watcher = watch(directory, (_, name) => {
    if (name === 'asked') asked.resolve();
  });
  t.after(() => watcher.close());
  writeFileSync(join(directory, 'find'), `#!/bin/sh\ntouch '${directory}/asked'\nexec sleep 600\n`, { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${directory}:${path ?? ''}`;
  t.after(() => {
    process.env['PATH'] = path;
  });
  const stop = new AbortController();
  const presence = presenceOf(['/'], stop.signal);
  await asked.promise;
  stop.abort(new Error('enough'));
  await assert.rejects(presence, /^Error: enough$/);
});
