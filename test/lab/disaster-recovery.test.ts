// The page that somebody frightened follows at night: each of its commands, as it stands there, on a host where that has happened.

import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { configure } from './support/holdfast-on.ts';

const skip = missingFor('container');
const PAGE = readFileSync(join(import.meta.dirname, '../../docs/guide/disaster-recovery.md'), 'utf8');
const REPOSITORY = '/mnt/nas/repository';
const PASSWORD = '/root/keys/nas';
const UNIT = `[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
`;

let lab: Lab;
let host: Container;

/** The commands of each section, by the words of its heading. */
const sections = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = ''] = section.split('\n');
      const blocks = [...section.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) => block.trim().split('\n'));
      return [title.replace(/^\d+\. /, ''), blocks.flat()] as const;
    }),
);
/** Those that no test has run yet. */
const left = new Set([...sections.values()].flat());

/** Types each command of a section; `answers`: exit codes other than 0, by the beginning of the command. */
async function follow(
  title: string,
  on: Container,
  answers: Readonly<Record<string, readonly number[]>> = {},
): Promise<string> {
  const commands = sections.get(title);
  assert.ok(commands && commands.length > 0, `the page has no section ${title} with commands`);
  let said = '';
  for (const command of commands) {
    left.delete(command);
    const { exitCode, stdout, stderr } = await on.sh(command, [], { anyExit: true });
    const expected = Object.entries(answers).find(([start]) => command.startsWith(start))?.[1] ?? [0];
    assert.ok(exitCode !== null && expected.includes(exitCode), `${command}: exit ${exitCode}\n${stdout}${stderr}`);
    said += `$ ${command}\n${stdout}${stderr}`;
  }
  return said;
}

const services = {
  wiki: {
    unit: 'wiki.service',
    backup: { paths: ['/srv/wiki'] },
    protection: { validators: [{ type: 'files', path: '.' }] },
    recover: {},
  },
};
/** What starts it by itself. */
const again = async (): Promise<string> =>
  (await host.sh('systemctl is-active holdfast-recover-again@wiki.timer', [], { anyExit: true })).stdout.trim();
const page = (on: Container): Promise<string> => on.read('/srv/wiki/page');

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({ name: 'forge', files: { '/srv/wiki/page': 'what I know\n' } });
  await host.sh(`mkdir -p /mnt/nas /root/keys; echo 'correct horse' >${PASSWORD}; chmod 600 ${PASSWORD}`);
  await configure(host, { repositories: { nas: { url: REPOSITORY, passwordFile: PASSWORD } }, services });
  await host.write('/etc/systemd/system/wiki.service', UNIT);
  await host.exec(['holdfast', 'repository', 'init', 'nas']);
  await host.exec(['holdfast', 'run']);
  await host.exec(['holdfast', 'units', 'install']);
  await host.sh('systemctl enable --now wiki.service');
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** One copy in one place is not what a service is owed, and doctor says so of this host. */
const WELL = { 'holdfast doctor': [0, 1, 2], 'holdfast status': [0] };

test('look: it is told what would come from where', { skip }, async () => {
  await host.sh('systemctl stop wiki; rm -r /srv/wiki');
  const said = await follow('Look', host, WELL);
  assert.match(said, /wiki +comes back +nas/);
});

test('the data of a service is gone: it is back, and the service runs', { skip }, async () => {
  await follow('The data of a service is gone', host);
  assert.equal(await page(host), 'what I know\n');
  assert.equal(await host.tell('systemctl', 'is-active', 'wiki.service'), 'active');
});

test('a service does not start: what keeps it is said, and when that is mended it starts', { skip }, async () => {
  await host.sh(`systemctl stop wiki; rm -r /srv/wiki; mv ${REPOSITORY} ${REPOSITORY}.away; systemctl start wiki || true`);
  assert.equal(await again(), 'active');
  await host.sh('systemctl stop wiki');
  assert.equal(await again(), 'inactive', 'whoever stops it is obeyed');
  await host.sh('systemctl start wiki || true');
  assert.equal(await again(), 'active');
  const [status = '', ...rest] = sections.get('A service does not start') ?? [];
  left.delete(status);
  assert.match((await host.sh(status, [], { anyExit: true })).stdout, /nas did not answer/);
  await host.sh(`mv ${REPOSITORY}.away ${REPOSITORY}`);
  for (const command of rest) {
    left.delete(command);
    const { exitCode, stdout, stderr } = await host.sh(command, [], { anyExit: true });
    assert.ok(exitCode === 0 || command.startsWith('holdfast doctor'), `${command}: exit ${exitCode}\n${stdout}${stderr}`);
  }
  assert.equal(await page(host), 'what I know\n');
  assert.equal(await again(), 'inactive', 'it went well');
});

test('the data is there, and is wrong: it is looked at, and put back, and what was there is kept', { skip }, async () => {
  await host.write('/srv/wiki/page', 'nonsense\n');
  await follow('The data is there, and is wrong', host);
  assert.equal(await host.read('/root/look/srv/wiki/page'), 'what I know\n');
  assert.equal(await page(host), 'what I know\n');
  assert.match(await host.tell('sh', '-c', 'cat /srv/.wiki.before-*/page'), /nonsense/);
});

test('the machine is gone: a new one has the configuration, the data and the timers', { skip }, async () => {
  const fresh = await lab.container({ name: 'blank' });
  await fresh.sh(`mkdir -p /mnt/nas /root/keys; echo 'correct horse' >${PASSWORD}; chmod 600 ${PASSWORD}`);
  cpSync(host.outside(REPOSITORY), fresh.outside(REPOSITORY), { recursive: true, preserveTimestamps: true });
  await fresh.write('/etc/systemd/system/wiki.service', UNIT);
  await follow('The machine is gone', fresh);
  assert.equal(await page(fresh), 'what I know\n');
  assert.match(await fresh.tell('systemctl', 'list-timers', '--no-pager'), /holdfast-run@wiki\.timer/);
});

test('without Holdfast, with stock restic', { skip }, async () => {
  await follow('Without Holdfast', host);
  assert.equal(await host.read('/root/back/srv/wiki/page'), 'what I know\n');
});

test('its copies are gone on purpose: nothing starts anew before each is named', { skip }, async () => {
  const said = await follow('Its copies are gone on purpose', host, { 'holdfast recover': [2] });
  assert.match(said, /by the journal there are copies of it: nas: [0-9a-f]{8} of 20[^]*--gone [0-9a-f]{8}/);
});

test('afterwards: it is backed up and proven again', { skip }, async () => {
  await follow('Afterwards', host);
});

test('no command of the page is left that nothing has run', { skip }, () => {
  assert.deepEqual([...left], []);
});
