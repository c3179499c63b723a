import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { isAtLeast, parseVersion, requireVersion, resticVersion } from '../../../src/tools/restic/version.ts';
import { anyRestic, calm, temporaryDirectory } from './support.ts';

async function script(directory: string, name: string, text: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

test('the real restic is new enough', async () => {
  const program = anyRestic();
  requireVersion(await resticVersion(program, calm()), program);
});

test('a missing restic is told with the way to get one', async () => {
  await assert.rejects(resticVersion('no-such-restic', calm()), {
    code: 'tool-missing',
    hint: /github\.com\/restic\/restic\/releases/,
  });
});

test('one that is too old is refused with the way to get a newer one', () => {
  const old = parseVersion('restic 0.14.0 compiled with go1.19.8 on linux/amd64', 'restic');
  assert.throws(() => requireVersion(old, 'restic'), {
    code: 'tool-too-old',
    message: /0\.14\.0.*0\.17\.0/,
    hint: /releases/,
  });
});

test('versions are compared as numbers', () => {
  const version = (text: string) => parseVersion(`restic ${text}`, 'restic');
  assert.equal(isAtLeast(version('0.9.6'), '0.17.0'), false);
  assert.equal(isAtLeast(version('0.17.0'), '0.17.0'), true);
  assert.equal(isAtLeast(version('0.18.0-dev'), '0.17.1'), true);
  assert.equal(isAtLeast(version('1.0.0'), '0.99.9'), true);
});

test('one that prints garbage, fails or hangs is an error and not a version', async () => {
  await using directory = await temporaryDirectory();
  const garbage = await script(directory.path, 'garbage', 'echo "welcome to my wrapper"');
  await assert.rejects(resticVersion(garbage, calm()), { code: 'tool-output', message: /welcome to my wrapper/ });
  const failing = await script(directory.path, 'failing', 'echo "Fatal: no" >&2; exit 1');
  await assert.rejects(resticVersion(failing, calm()), { code: 'tool-failed', message: 'no' });
  const hanging = await script(directory.path, 'hanging', 'sleep 60');
  await assert.rejects(resticVersion(hanging, { ...calm(), timeout: duration(300, 'ms') }), { code: 'timed-out' });
});

test('a program is asked once', async () => {
  await using directory = await temporaryDirectory();
  const once = await script(
    directory.path,
    'once',
    'echo "restic 0.18.0"; mv "$0" "$0.gone"; printf "#!/bin/sh\\nexit 1\\n" > "$0"; chmod 755 "$0"',
  );
  assert.equal((await resticVersion(once, calm())).text, '0.18.0');
  assert.equal((await resticVersion(once, calm())).text, '0.18.0');
});
