// A host with a service that counts into a file in its directory, and answers whether it is well: each number once and in order, whatever
// happens to the directory, or it says that something was lost.

import assert from 'node:assert/strict';
import type { Machine } from '../../../lab/machine/machine.ts';
import { holdfast, PASSWORD_FILE, type Section } from './holdfast-on.ts';

export const PATH = '/persist/app';
export const DATASET = 'tank/persist/app';
export const HEALTH = 'http://127.0.0.1:8080/';

/** It goes on from the last number. On nothing it begins with 1, which then stands in the file a second time, or where it is alone. */
const APP = String.raw`
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const log = '${PATH}/count';
let n = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0;
setInterval(() => appendFileSync(log, ++n + '\n'), 100);
require('node:http').createServer((_, answer) => { answer.statusCode = existsSync('/run/sick') ? 503 : 200; answer.end(); }).listen(8080, '127.0.0.1');
`;

const UNIT = `[Unit]
RequiresMountsFor=/persist
After=zfs-mount.service
[Service]
ExecStart=/opt/holdfast/node /usr/local/lib/app.js
Restart=on-failure
[Install]
WantedBy=multi-user.target
`;

/** Everything that a directory can have. */
const DATA = String.raw`set -e
zpool create -O mountpoint=none -O acltype=posix -O xattr=sa tank "$1"
zfs create -o mountpoint=/persist tank/persist
mkdir -p ${PATH}/sub/empty && cd ${PATH}
echo one >file && ln file sub/hard && ln -s file link && ln -s nowhere dangling && mkfifo pipe
truncate -s 20M sparse && printf x | dd of=sparse bs=1 seek=9M conv=notrunc status=none
head -c 3000000 /dev/urandom >random
printf odd >"$(printf 'odd\nname \377 "quoted"')"
setfattr -n user.note -v kept file && setfattr -n user.note -v kept sub && setfacl -m u:1234:rw random && setfacl -d -m u:1234:rwx sub
chown 1234:1235 file && chmod 4750 file && chmod 1777 sub && chown 1234 . && chmod 2751 .
touch -h -d '2020-01-02 03:04:05.123456789' link && touch -d '2020-01-02 03:04:05.123456789' file && touch -d '2021-02-03 04:05:06.987654321' sub
systemctl daemon-reload && systemctl enable --quiet --now app.service`;

export async function prepare(host: Machine): Promise<void> {
  await host.write('/usr/local/lib/app.js', APP);
  await host.write('/etc/systemd/system/app.service', UNIT);
  await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  await host.sh(DATA, host.disks);
}

export async function declare(host: Machine, service: Section = {}, more: Section = {}): Promise<void> {
  const app = {
    unit: 'app.service',
    dataset: { recordsize: '16K' },
    migrate: { keepOld: '1h', healthUrl: HEALTH, healthWithin: '30s' },
    backup: { paths: [PATH] },
    ...service,
  };
  const config = {
    version: 1,
    host: 'forge',
    repositories: { near: { url: '/srv/near', passwordFile: PASSWORD_FILE } },
    storage: { datasets: { parentDataset: 'tank/persist', parentMount: '/persist' } },
    services: { app, ...more },
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
}

/** All that is to be kept, of everything but what is being written; by tools that are none of Holdfast's. */
export async function fingerprint(host: Machine, path = PATH): Promise<string> {
  const { stdout } = await host.sh(
    String.raw`cd "$1" && find . ! -name count -printf '%p %y %m %U:%G %n %l ' \( -type d -printf '\n' -o -printf '%s %T@\n' \) | LC_ALL=C sort
stat --format='%y' sub && find . -type f ! -name count -exec sha256sum {} + | LC_ALL=C sort
getfattr --absolute-names -R -h -d -m- -e hex . 2>&1 | grep -v '^$' | LC_ALL=C sort | sha256sum
[ file -ef sub/hard ] && echo linked; [ "$(stat --format=%b sparse)" -lt 4000 ] && echo sparse`,
    [path],
  );
  return stdout;
}

/** Where the service is, having lost nothing: every number is there, once, and in order. */
export async function whereItIs(host: Machine, expected: string): Promise<'directory' | 'dataset'> {
  assert.equal(await fingerprint(host), expected);
  const numbers = (await host.read(`${PATH}/count`)).trimEnd().split('\n').map(Number);
  assert.deepEqual(
    numbers.filter((number, index) => number !== index + 1),
    [],
  );
  const source = await host.tell('stat', '--file-system', '--format=%i', PATH, '/persist');
  const [here, above] = source.split('\n');
  return here === above ? 'directory' : 'dataset';
}

export const mark = (host: Machine): Promise<string> =>
  host.tell('sh', '-c', `zfs get -H -s local -o value holdfast:migration ${DATASET} 2>/dev/null || echo none`);

/** After the next start of Holdfast: the service runs, on one side only, and nothing is left of the other but what is kept. */
export async function assertSettled(host: Machine, expected: string): Promise<'directory' | 'dataset'> {
  const where = await whereItIs(host, expected);
  assert.equal(await host.tell('systemctl', 'is-active', 'app.service'), 'active');
  const beside = (await host.tell('ls', '-A', '/persist')).split('\n').filter((name) => name !== 'app');
  const state = await mark(host);
  if (where === 'dataset') {
    assert.equal(state, 'live');
    assert.match(beside.join(), /^\.app\.before-migration-[0-9A-Z]{26}$/);
    assert.equal(await fingerprint(host, `/persist/${beside[0]}`), expected, 'the way back is whole');
  } else {
    assert.deepEqual(beside, []);
    assert.ok(state === 'none' || state === 'kept', state);
  }
  const open = await host.tell(
    'sqlite3',
    '/var/lib/holdfast/journal.db',
    'select count(*) from effects where settled_at is null',
  );
  assert.equal(open, '0');
  return where;
}

/** As at the beginning, by hand. */
export async function backToDirectory(host: Machine): Promise<void> {
  await host.sh(String.raw`set -e
rm -f /run/sick; systemctl stop app
if [ -e /persist/.app.before* ]; then zfs unmount ${DATASET} || true; rmdir ${PATH}; mv /persist/.app.before* ${PATH}; fi
zfs destroy -r ${DATASET} 2>/dev/null || true
systemctl reset-failed app || true; systemctl start app`);
}

/** What the next start of Holdfast is at a boot: the unit that applies datasets. It ends with 2 while a directory is in the way. */
export const nextStart = (host: Machine): Promise<unknown> => holdfast(host, ['datasets', 'apply']);
