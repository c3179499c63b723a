// The host whose kernel is a program.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../lab/command.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { UserMode } from '../../lab/user-mode/user-mode.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { FILES, hostContract } from './host-contract.ts';

const skip = missingFor('user-mode');
const THEN = Date.parse('2031-05-06T07:08:09Z') as Instant;
const LATER = Date.parse('2033-05-06T07:08:09Z') as Instant;
const LAST = Date.parse('2034-05-06T07:08:09Z') as Instant;
let lab: Lab;
let host: UserMode;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.userMode({ name: 'forge', files: FILES, clock: THEN });
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

hostContract({ skip, host: () => host, keepsUnsynced: false });

test('what it shares with other hosts of the lab is not locked: a machine could boot from it', { skip }, async () => {
  const argv: [string, ...string[]] = ['qemu-img', 'bench', '-c', '1', '-f', 'raw', join(lab.directory, 'release.img')];
  await run({ argv, operation: 'read', subject: 'the release' });
});

const today = (): Promise<string> => host.tell('date', '--utc', '--iso-8601');

test('its clock shows what it was given, can be set, and was set when it boots', { skip }, async () => {
  assert.equal(await today(), '2031-05-06');
  await host.setClock(LATER);
  assert.equal(await today(), '2033-05-06');
  await host.shutdown();
  await host.setClock(LAST);
  await host.boot();
  assert.equal(await today(), '2034-05-06');
  const began = await host.tell('systemctl', 'show', '--property=UserspaceTimestamp', '--value');
  assert.match(began, /2034-05-06/, 'it was so before systemd began');
});
