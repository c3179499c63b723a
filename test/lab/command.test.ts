import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { groupProcesses } from '../../lab/cli/group-processes.ts';
import { openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { eventually } from './support/eventually.ts';
import { LabCache } from './support/lab-cache.ts';

/** Processes that belong to any host of these runs. */
const running = (runs: readonly string[]): string[] =>
  [...groupProcesses().keys()].filter((group) => runs.some((run) => group.startsWith(`${run}/`)));

describe('npm run lab', { skip: missingFor('container', 'network') }, () => {
  let cache: LabCache;

  before(async () => {
    cache = await LabCache.open('container');
    const { code, stdout, stderr } = await cache.lab('up', 'forge');
    assert.match(stdout, /^forge: a container, up in \d+\.\ds\n$/);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });
  after(async () => await cache[Symbol.asyncDispose]());

  it('lists a host that is up with its kind, its age, and who has started it', async () => {
    const { stdout } = await cache.lab('list');
    assert.match(stdout, /^HOST +KIND +STATE +AGE +ADDRESS +STARTED BY\nforge +container +up +\d+(\.\d)?s +- +up\n$/);
  });

  it('runs a command on a host as root, and passes on what goes in, what comes out, and how it ended', async () => {
    const command = ['sh', '-c', 'id -un; hostname; cat; echo trouble >&2; exit 7'];
    const told = await cache.start(['exec', 'forge', '--', ...command], 'from outside\n').ended;
    assert.deepEqual(told, { code: 7, stdout: 'root\nforge\nfrom outside\n', stderr: 'trouble\n' });
    assert.equal((await cache.lab('exec', 'forge', 'ls', '-d', '/opt/holdfast')).stdout, '/opt/holdfast\n');
    assert.equal((await cache.lab('exec', 'forge', '--', 'no-such-program')).code, 127);
  });

  it('refuses a second host of a name, and leaves the first one as it is', async () => {
    await cache.lab('exec', 'forge', '--', 'touch', '/root/mine');
    const { code, stderr } = await cache.lab('up', 'forge');
    assert.equal(code, 75);
    assert.equal(
      stderr,
      'error: could not start forge: there is a container of this name already, which is up\nhint: `npm run lab -- down forge` ends it.\n',
    );
    assert.equal((await cache.lab('exec', 'forge', '--', 'test', '-e', '/root/mine')).code, 0);
  });

  it('says which names there are when it is given another', async () => {
    for (const args of [
      ['exec', 'forgr', '--', 'true'],
      ['shell', 'forgr'],
      ['down', 'forge', 'forgr'],
    ]) {
      const { code, stderr } = await cache.lab(...args);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^error: could not [a-z ]+ forgr: there is no host of this name; there are forge\nhint: .*up forgr/,
      );
    }
    assert.match((await cache.lab('list')).stdout, /^forge .* up /m);
  });

  it('refuses a command line that makes no sense, and starts nothing', async () => {
    const refused: [string[], RegExp][] = [
      [['up', 'Forge'], /Forge is no name for a host/],
      [['up', 'a', 'a'], /a is there twice/],
      [['up', 'a', '--disk', '1GB'], /add --machine/],
      [['up', 'a', '--machine', '--disk', '1'], /1 is not a size/],
      [['up'], /missing required argument/],
      [['down'], /which host shall end/],
    ];
    for (const [args, message] of refused) {
      const { code, stdout, stderr } = await cache.lab(...args);
      assert.deepEqual({ code, stdout }, { code: 64, stdout: '' }, args.join(' '));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n +at |bug/);
    }
    assert.equal(cache.runs.length, 1);
  });

  it('joins the hosts of a network, which know each other by name and end together', async () => {
    assert.match(
      (await cache.lab('up', 'one', 'other', '--network')).stdout,
      /^one: a container at 10\.200\.0\.1, up in .*\nother: a container at 10\.200\.0\.2, /,
    );
    assert.equal((await cache.lab('exec', 'one', '--', 'ping', '-c', '1', '-W', '10', 'other')).code, 0);
    const alone = await cache.lab('down', 'one');
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /a network joins one, other: they end together\nhint: `npm run lab -- down one other`/);
    assert.deepEqual(await cache.lab('down', 'one', 'other'), { code: 0, stdout: 'one, other: gone\n', stderr: '' });
    assert.equal(cache.runs.length, 1);
  });

  it('tells of a host that has powered itself off', async () => {
    await cache.lab('up', 'sleepy');
    await cache.lab('exec', 'sleepy', '--', 'systemctl', 'poweroff');
    await eventually(async () => /^sleepy +container +off/m.test((await cache.lab('list')).stdout));
    const { code, stderr } = await cache.lab('exec', 'sleepy', '--', 'true');
    assert.equal(code, 2);
    assert.match(stderr, /could not run a command on sleepy: it is powered off\nhint: `npm run lab -- down sleepy`/);
    assert.equal((await cache.lab('down', 'sleepy')).code, 0);
  });

  it('shows the hosts of a running test, enters them, and leaves them to the test', async () => {
    const { HOLDFAST_LAB_CACHE: usual = '' } = process.env; // empty is as good as none
    process.env['HOLDFAST_LAB_CACHE'] = cache.path;
    using _back = { [Symbol.dispose]: () => (process.env['HOLDFAST_LAB_CACHE'] = usual) };
    await using lab = await openLab();
    const host = await lab.container({ name: 'tested' });
    assert.match(
      (await cache.lab('list')).stdout,
      new RegExp(`^tested .* test/lab/command.test.ts, process ${process.pid}$`, 'm'),
    );
    assert.equal((await cache.lab('exec', 'tested', '--', 'hostname')).stdout, 'tested\n');
    assert.match((await cache.lab('down', 'tested')).stderr, /it belongs to a running test, process \d+\n/);
    assert.equal(await host.tell('hostname'), 'tested');
  });

  it('leaves nothing when the one who waits for a host is killed', async () => {
    const others = cache.runs;
    const impatient = cache.start(['up', 'orphan']);
    await eventually(() => cache.runs.length > others.length);
    process.kill(impatient.pid, 'SIGKILL');
    await impatient.ended;
    await eventually(() => cache.keeperOf('orphan') === null);
    assert.deepEqual(cache.runs, others);
  });

  it('leaves nothing running when its keeper is killed, and prune removes the rest', async () => {
    const others = cache.runs;
    await cache.lab('up', 'victim');
    const victims = cache.runs.filter((run) => !others.includes(run));
    assert.equal(running(victims).length, 1);
    const keeper = cache.keeperOf('victim');
    assert.ok(keeper);
    process.kill(keeper, 'SIGKILL');
    await eventually(() => running(victims).length === 0);
    assert.doesNotMatch((await cache.lab('list')).stdout, /victim/);
    assert.ok(existsSync(join(cache.path, 'runs', victims[0] ?? '')));
    const { stdout } = await cache.lab('prune');
    assert.equal(stdout, `removed what run ${victims[0]} had left\n`);
    assert.deepEqual(cache.runs, others);
  });

  it('prunes images of other recipes when no host can use them, and unfinished ones of dead processes at once', async () => {
    const images = join(cache.path, 'images');
    const current = readdirSync(images).filter((name) => !name.endsWith('.lock'));
    symlinkSync('/nowhere', join(images, 'tree-of-yesterday'));
    for (const pid of [2 ** 22 + 1, process.pid]) mkdirSync(join(images, `tree-x.making-${pid}`));
    const kept = await cache.lab('prune');
    assert.match(kept.stderr, /^kept tree-of-yesterday: there are hosts/);
    assert.match(kept.stdout, /^removed tree-x\.making-4194305, [\d.]+ KiB\n$/);
    await cache.lab('down', '--all');
    assert.equal((await cache.lab('prune')).stdout, 'removed tree-of-yesterday\n');
    assert.deepEqual(
      readdirSync(images).filter((name) => !name.endsWith('.lock')),
      [...current, `tree-x.making-${process.pid}`].toSorted(),
    );
    assert.equal((await cache.lab('prune')).stdout, 'There is nothing to remove.\n');
  });

  it('takes everything of a host away with it', async () => {
    await cache.lab('up', 'last', 'least');
    const [run = ''] = cache.runs;
    const log = readFileSync(join(cache.path, 'runs', run, 'keeper.log'), 'utf8');
    assert.match(log, /"type":"up"/);
    const { code, stdout } = await cache.lab('down', '--all');
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n').toSorted(), ['', 'last: gone', 'least: gone']);
    assert.deepEqual([cache.runs, cache.processes()], [[], []]);
    assert.deepEqual(readdirSync(cache.path).toSorted(), ['images', 'runs']);
  });
});
