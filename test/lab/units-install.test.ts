// Units as systemd gets them: installed on a real host, judged by its own tools, and at work with a real restic.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import type { ExecOptions, Executed } from '../../lab/host.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { eventually } from './support/eventually.ts';
import { configure, holdfast, restic, type Section, snapshotIds } from './support/holdfast-on.ts';

const skip = missingFor('container');
const DIRECTORY = '/etc/systemd/system';
const NAS = '/srv/nas';
const RUN = 'holdfast-run@app.service';
const TIMER = 'holdfast-run@app.timer';

let lab: Lab;
let host: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({ name: 'forge' });
  await host.sh('mkdir -p /srv/app /srv/db && echo data >/srv/app/file');
  await configured();
  await host.exec(['holdfast', 'repository', 'init', 'nas']);
});
beforeEach(async () => {
  if (skip) return;
  await configured();
  await host.sh('systemctl reset-failed');
  assert.equal((await units(['install', '--force'])).exitCode, 0);
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const APP: Section = { backup: { paths: ['/srv/app'], frequency: '*-*-* 03:00', randomizedDelay: '1h' } };

const configured = (services: Record<string, Section> = { app: APP }, repository: Section = {}): Promise<void> =>
  configure(host, { repositories: { nas: { url: NAS, concurrency: 2, ...repository } }, services });

const units = (args: readonly string[], options: ExecOptions = {}): Promise<Executed> =>
  host.exec(['holdfast', 'units', ...args], { ...options, anyExit: true });
const show = (unit: string, property: string): Promise<string> => host.tell('systemctl', 'show', '-P', property, '--', unit);
const start = (unit: string): Promise<Executed> => host.exec(['systemctl', 'start', unit], { anyExit: true });
const succeeds = async (unit: string): Promise<void> => {
  await start(unit);
  assert.equal(await show(unit, 'Result'), 'success', await host.journal(unit));
};
const installed = async (): Promise<string[]> => {
  const list = await host.tell('sh', '-c', `cd ${DIRECTORY} && find . -name '*holdfast*' | sort`);
  return list.split('\n').map((path) => path.slice(2));
};
const same = (count: number): string => `Everything is as configured: ${count} units. Nothing was changed.\n`;

describe('an installation', { skip }, () => {
  test('writes the units, tells systemd once, and starts the timers; dry it does nothing', async () => {
    await host.sh(
      `systemctl stop 'holdfast-*.timer'; cd ${DIRECTORY} && rm -rf holdfast* *.wants/holdfast*; systemctl daemon-reload`,
    );
    const dry = await units(['install', '--dry-run']);
    assert.deepEqual([dry.exitCode, /nothing was changed/.test(dry.stdout)], [0, true], dry.stdout + dry.stderr);
    assert.deepEqual(await installed(), ['']);
    const { exitCode, stdout, stderr } = await units(['install']);
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout, /holdfast-run@app\.service/);
    const timers = ['drill@app', 'refresh', 'retention', 'run@app', 'verify@nas'].map((name) => `holdfast-${name}.timer`);
    for (const timer of timers) {
      assert.deepEqual([await show(timer, 'ActiveState'), await show(timer, 'UnitFileState')], ['active', 'enabled'], timer);
    }
    assert.equal(await show(RUN, 'NeedDaemonReload'), 'no');
  });

  test('that is made twice changes nothing the second time, says so, and has systemd reload nothing', async () => {
    const loaded = await host.tell('systemctl', 'show', '-P', 'UnitsLoadTimestampMonotonic');
    assert.match(loaded, /^[1-9]\d+$/);
    const { exitCode, stdout } = await units(['install']);
    assert.deepEqual([exitCode, stdout], [0, same(11)]);
    assert.equal(await host.tell('systemctl', 'show', '-P', 'UnitsLoadTimestampMonotonic'), loaded);
    const check = await units(['check']);
    assert.deepEqual([check.exitCode, check.stdout], [0, '11 units: all are as configured\n']);
  });

  test('that was cut short before systemd was told is finished by the next', async () => {
    await host.sh(`cd ${DIRECTORY} && cp ${TIMER} .draft && mv .draft ${TIMER}`);
    const { exitCode, stdout } = await units(['install']);
    assert.deepEqual([exitCode, /Have systemd read its units again/.test(stdout)], [0, true], stdout);
    assert.equal((await units(['install'])).stdout, same(11));
  });

  test('of another configuration changes what differs, and takes away what is no longer configured', async () => {
    await configured({ app: APP, db: { backup: { paths: ['/srv/db'] } } });
    const more = await units(['install']);
    assert.match(
      more.stdout,
      /written:\n {2}holdfast-drill@db\.service\n {2}holdfast-drill@db\.timer\n {2}holdfast-run@db\.service\n {2}holdfast-run@db\.timer\n\n?started/,
    );
    assert.equal(await show('holdfast-run@db.timer', 'ActiveState'), 'active');
    await configured({ app: { backup: { paths: ['/srv/app'], frequency: '*-*-* 04:00' } } });
    const less = await units(['install']);
    assert.equal(less.exitCode, 0, less.stdout + less.stderr);
    assert.deepEqual(
      [await show('holdfast-run@db.timer', 'LoadState'), await show('holdfast-run@db.timer', 'ActiveState')],
      ['not-found', 'inactive'],
    );
    assert.match(await show(TIMER, 'TimersCalendar'), /04:00:00/);
    assert.equal((await installed()).filter((path) => path.includes('@db')).length, 0);
  });

  test('keeps a unit that was changed by hand, says so with exit 1, and replaces it when it is forced', async () => {
    await host.sh(`echo "MemoryMax=1G" >>${DIRECTORY}/${RUN}`);
    const check = await units(['check']);
    assert.deepEqual([check.exitCode, /run@app\.service: was changed by hand/.test(check.stdout)], [1, true], check.stdout);
    const { exitCode, stdout } = await units(['install']);
    assert.equal(exitCode, 1);
    assert.match(stdout, /Keep holdfast-run@app\.service.*changed by hand, and is kept/);
    assert.match(await host.read(`${DIRECTORY}/${RUN}`), /MemoryMax=1G\n$/);
    assert.equal((await units(['install', '--force'])).exitCode, 0);
    assert.doesNotMatch(await host.read(`${DIRECTORY}/${RUN}`), /MemoryMax/);
  });

  test('leaves drop-ins, units of others under a name like ours, and masks alone', async () => {
    await host.sh(`cd ${DIRECTORY} && mkdir -p ${RUN}.d && printf '[Service]\\nNice=19\\n' >${RUN}.d/mine.conf
      printf '[Service]\\nExecStart=/bin/true\\n' >holdfast-other.service
      rm holdfast-refresh.service && ln -s /dev/null holdfast-refresh.service; systemctl daemon-reload`);
    const { exitCode, stdout } = await units(['install']);
    assert.equal(exitCode, 1);
    assert.match(stdout, /Keep holdfast-refresh\.service.*not by Holdfast/);
    assert.equal(await show(RUN, 'Nice'), '19');
    assert.ok((await installed()).includes('holdfast-other.service'));
    await host.sh(`cd ${DIRECTORY} && rm -r ${RUN}.d holdfast-other.service holdfast-refresh.service`);
  });

  test('starts no timer while timers are on hold, and the check says why they do not run', async () => {
    await host.exec(['holdfast', 'gate', 'hold', '--for', '1h']);
    await configured({ app: APP, db: { backup: { paths: ['/srv/db'] } } });
    const { exitCode, stderr } = await units(['install']);
    assert.deepEqual([exitCode, /on hold/.test(stderr)], [0, true], stderr);
    assert.deepEqual(
      [await show(TIMER, 'ActiveState'), await show('holdfast-run@db.timer', 'ActiveState')],
      ['inactive', 'inactive'],
    );
    const check = await units(['check']);
    assert.deepEqual([check.exitCode, /is on hold/.test(check.stdout)], [1, true], check.stdout);
    await host.exec(['holdfast', 'gate', 'release']);
    assert.equal(await show(TIMER, 'ActiveState'), 'active');
    assert.equal((await units(['install'])).exitCode, 0);
    assert.equal((await units(['check'])).exitCode, 0);
  });

  test('is refused for a calendar that systemd does not understand, and nothing is changed', async () => {
    await configured({ app: { backup: { paths: ['/srv/app'], frequency: '*-13-45' } } });
    const earlier = await installed();
    const { exitCode, stderr } = await units(['install']);
    assert.equal(exitCode, 78, stderr);
    assert.match(stderr, /\*-13-45/);
    assert.deepEqual(await installed(), earlier);
  });

  test('by somebody who may not is told so, and changes nothing', async () => {
    const open = JSON.parse(await host.read('/etc/holdfast/holdfast.yaml')) as Section;
    await host.write(
      '/run/open.yaml',
      JSON.stringify({ ...open, services: { app: APP, more: { backup: { paths: ['/srv/db'] } } } }),
    );
    const earlier = await installed();
    const argv = ['holdfast', '--config', '/run/open.yaml', '--state-dir', '/tmp/nobody', 'units', 'install'];
    const { exitCode, stdout, stderr } = await host.exec(['setpriv', '--reuid=nobody', '--clear-groups', ...argv], {
      anyExit: true,
      env: { HOME: '/tmp' },
    });
    assert.equal(exitCode, 2, stdout + stderr);
    assert.match(stdout, /permission denied.*\n.*\n?hint: Run it as root/i);
    assert.deepEqual(await installed(), earlier);
  });
});

describe('a check', { skip }, () => {
  test('tells of timers that do not run, are not enabled, and of units that are gone', async () => {
    await host.sh(
      `systemctl stop ${TIMER}; cd ${DIRECTORY}; rm timers.target.wants/holdfast-refresh.timer holdfast-retention.service`,
    );
    const { exitCode, stdout } = await units(['check']);
    assert.equal(exitCode, 2);
    assert.match(stdout, /✗ holdfast-run@app\.timer: does not run/);
    assert.match(stdout, /✗ holdfast-refresh\.timer: is not enabled/);
    assert.match(stdout, /✗ holdfast-retention\.service: is not installed/);
  });

  test('tells of a program that is gone, a credential that nobody gives, and a unit that does not exist', async () => {
    await configured(
      { app: { ...APP, unit: 'nowhere.service', recover: {} } },
      { passwordFile: undefined, credential: 'nas-password' },
    );
    const { exitCode, stdout } = await units(['check', '--program', '/opt/gone/holdfast']);
    assert.equal(exitCode, 2);
    assert.match(stdout, /\/opt\/gone\/holdfast: is what units start, and cannot be executed/);
    assert.match(stdout, /nas-password: is the credential of a repository/);
    assert.match(stdout, /nowhere\.service: is to wait for the data of app/);
  });
});

describe("systemd's own tools", { skip }, () => {
  test('find nothing wrong with any unit, and an exposure above 5.0 only where a remark in the unit says why', async (context) => {
    await host.sh(`printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >${DIRECTORY}/app.service`);
    await configured({
      app: { ...APP, unit: 'app.service', recover: {} },
      hooked: { backup: { paths: ['/srv/db'], hooks: { before: [['/bin/true']] } } },
    });
    assert.equal((await units(['install'])).exitCode, 0);
    const names = (await installed()).filter((path) => /^holdfast[^/]*$/.test(path));
    assert.ok(names.length >= 15);
    const verified = await host.exec(['systemd-analyze', 'verify', ...names.map((name) => `${DIRECTORY}/${name}`)], {
      anyExit: true,
    });
    assert.deepEqual([verified.exitCode, verified.stdout, verified.stderr], [0, '', '']);
    for (const name of names.filter((path) => path.endsWith('.service'))) {
      const told = await host.exec(['systemd-analyze', 'security', '--no-pager', name], { anyExit: true });
      const exposure = Number(/exposure level for .*: ([\d.]+)/.exec(told.stdout)?.[1]);
      context.diagnostic(`${name}: ${exposure}`);
      const excused = /^# .*exposure/m.test(await host.read(`${DIRECTORY}/${name}`));
      assert.ok(exposure <= 5 || excused, `${name}: ${exposure}`);
    }
    await host.sh(`rm ${DIRECTORY}/app.service`);
  });
});

describe('a job that systemd starts', { skip }, () => {
  test('makes a snapshot with a real restic', async () => {
    const earlier = await snapshotIds(host, NAS);
    await succeeds(RUN);
    const ids = await snapshotIds(host, NAS);
    assert.equal(ids.length, earlier.length + 1);
    assert.match(await restic(host, NAS, ['ls', ids.at(-1) ?? '', '--no-lock']), /\/srv\/app\/file/);
  });

  test('does its work under its hardening, whichever kind it is', async () => {
    for (const unit of ['drill@app', 'refresh', 'retention', 'verify@nas']) await succeeds(`holdfast-${unit}.service`);
    const { report } = await holdfast(host, ['history', 'show', 'latest']);
    assert.equal(report.kind, 'verify');
  });

  test('copies a database that is in use, in mounts of its own', async () => {
    await host.sh(`node -e '
      const { DatabaseSync } = require("node:sqlite");
      const db = new DatabaseSync("/srv/db/app.db");
      db.exec("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)");'`);
    const backup = { paths: ['/srv/db'], databases: [{ type: 'sqlite', path: '/srv/db/app.db' }] };
    const protection = {
      validators: [
        { type: 'sqlite', path: 'app.db', query: 'select count(*) > 0 from t' },
        { type: 'command', command: ['/bin/sh', '-c', 'test -s app.db'] },
      ],
    };
    await configured({ db: { backup, protection } });
    await units(['install']);
    await succeeds('holdfast-run@db.service');
    await succeeds('holdfast-drill@db.service');
  });

  test('gets the password of its repository from the store of credentials', async () => {
    await host.write('/etc/credstore/nas-password', 'correct horse\n', 0o600);
    await configured({ app: APP }, { passwordFile: undefined, credential: 'nas-password' });
    await units(['install']);
    await succeeds(RUN);
  });

  test('without its credential runs, and tells that it has no password', async () => {
    await host.sh('rm -f /etc/credstore/nas-password');
    await configured({ app: APP }, { passwordFile: undefined, credential: 'nas-password' });
    await units(['install']);
    await start(RUN);
    assert.equal(await show(RUN, 'Result'), 'exit-code');
    const { report } = await holdfast(host, ['history', 'show', 'latest']);
    assert.match(JSON.stringify(report), /nas-password/);
  });

  test('that is stopped has not failed', async () => {
    await configured({ app: { backup: { paths: ['/srv/app'], hooks: { before: [['/bin/sleep', '600']] } } } });
    await units(['install']);
    await host.exec(['systemctl', 'start', '--no-block', RUN]);
    await eventually(async () => (await host.sh('pgrep -f "sleep 60[0]"', [], { anyExit: true })).exitCode === 0);
    await host.exec(['systemctl', 'stop', RUN]);
    assert.deepEqual([await show(RUN, 'ActiveState'), await show(RUN, 'Result')], ['inactive', 'success']);
    assert.equal((await host.sh('pgrep -f "sleep 60[0]"', [], { anyExit: true })).exitCode, 1);
  });

  test('waits for a place in its repository when other timers have taken all, and tells so', async () => {
    const names = ['a', 'b', 'c', 'd'];
    await host.sh(
      'rm -f /run/jobs.log; mkdir -p /srv/many; for i in a b c d; do mkdir -p /srv/many/$i; echo $i >/srv/many/$i/f; done',
    );
    const say = (word: string): string[] => ['/bin/sh', '-c', `echo "${word} $(date +%s%N)" >>/run/jobs.log; sleep 1`];
    await configured(
      Object.fromEntries(
        names.map((name) => [
          name,
          {
            backup: { paths: [`/srv/many/${name}`], hooks: { before: [say(`begin ${name}`)], after: [say(`end ${name}`)] } },
          },
        ]),
      ),
    );
    await units(['install']);
    const services = names.map((name) => `holdfast-run@${name}.service`);
    await host.exec(['systemctl', 'start', ...services]);
    for (const service of services) assert.equal(await show(service, 'Result'), 'success');
    let now = 0;
    let most = 0;
    for (const line of (await host.read('/run/jobs.log'))
      .trim()
      .split('\n')
      .toSorted((x, y) => (x.split(' ')[2] ?? '').localeCompare(y.split(' ')[2] ?? ''))) {
      now += line.startsWith('begin') ? 1 : -1;
      most = Math.max(most, now);
    }
    assert.equal(most, 2);
    const journals = await Promise.all(services.map((service) => host.journal(service)));
    assert.match(journals.join('\n'), /waiting for a place in nas: 2 of 2 in use/);
    assert.match(journals.join('\n'), /waited \S+ for a place in nas/);
  });
});

describe('timers', { skip }, () => {
  test('that missed their time while the machine was off run once after the boot, and others do not', async () => {
    await configured({ app: { backup: { paths: ['/srv/app'], frequency: '*-01-01 00:00' } } });
    await units(['install']);
    const runs = async (): Promise<number> => (await snapshotIds(host, NAS)).length;
    const earlier = await runs();
    await host.sh(`touch -d '3 years ago' /var/lib/systemd/timers/stamp-${TIMER}`);
    await host.shutdown();
    await host.boot();
    await eventually(async () => (await runs()) === earlier + 1);
    await host.shutdown();
    await host.boot();
    await eventually(async () => (await show(TIMER, 'ActiveState')) === 'active');
    assert.equal(await runs(), earlier + 1);
    assert.equal(await show('holdfast-refresh.service', 'ExecMainStartTimestamp'), '');
  });

  test('have the same random delay after a reload and after a boot', async () => {
    const next = async (): Promise<string> => await show(TIMER, 'NextElapseUSecRealtime');
    const first = await next();
    await host.sh('systemctl daemon-reload');
    assert.equal(await next(), first);
    await host.sh(`systemctl restart ${TIMER}`);
    assert.equal(await next(), first);
    assert.doesNotMatch(first, / 03:00:00/);
  });
});

describe('a job that is killed before its run is on record', { skip }, () => {
  test('is told as soon as systemd knows', async () => {
    const plain = JSON.parse(await host.read('/etc/holdfast/holdfast.yaml')) as Section;
    const log = { type: 'command', command: ['/bin/sh', '-c', 'cat >>/var/tmp/told'] };
    await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify({ ...plain, notifications: { channels: { log } } }));
    assert.equal((await units(['install'])).exitCode, 0);
    const dropIn = `${DIRECTORY}/${RUN}.d`;
    await host.sh(`mkdir -p ${dropIn}`);
    await host.write(`${dropIn}/kill.conf`, "[Service]\nExecStart=\nExecStart=/bin/sh -c 'kill -KILL $$$$'\n");
    await host.sh('systemctl daemon-reload');
    await start(RUN);
    assert.equal(await show(RUN, 'Result'), 'signal');
    const told = (): Promise<string> => host.tell('sh', '-c', 'cat /var/tmp/told || true');
    await eventually(async () => /run@app\.service was ended \(signal\) before its run was on record/.test(await told()));
    await host.sh(`rm -r ${dropIn}; systemctl daemon-reload`);
  });
});

describe('the agent', { skip }, () => {
  const AGENT = 'holdfast-agent.service';
  const SOCKET = '/run/holdfast/agent.sock';
  test('runs as a unit that can be reloaded and restarted, for its group; what tells goes on while timers are held', async () => {
    await host.sh('groupadd --system holdfast');
    const more = { agent: {}, notifications: { channels: { log: { type: 'command', command: ['/bin/true'] } } } };
    const plain = JSON.parse(await host.read('/etc/holdfast/holdfast.yaml')) as Section;
    await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify({ ...plain, ...more }));
    assert.equal((await units(['install'])).exitCode, 0);
    assert.equal(await show(AGENT, 'ActiveState'), 'active', await host.journal(AGENT));
    assert.equal(await host.tell('stat', '-c', '%a %G', SOCKET), '660 holdfast');

    const main = await show(AGENT, 'MainPID');
    await host.sh(`systemctl reload ${AGENT}`);
    await eventually(async () => (await host.journal(AGENT)).includes('the configuration was read again'));
    assert.deepEqual([await show(AGENT, 'ActiveState'), await show(AGENT, 'MainPID')], ['active', main]);
    await host.sh(`systemctl restart ${AGENT}`);
    assert.equal(await host.tell('stat', '-c', '%a %G', SOCKET), '660 holdfast');
    assert.notEqual(await show(AGENT, 'MainPID'), main);

    await host.exec(['holdfast', 'gate', 'hold', '--for', '1h']);
    assert.deepEqual(
      [await show(TIMER, 'ActiveState'), await show('holdfast-notify.timer', 'ActiveState')],
      ['inactive', 'active'],
    );
    await host.sh('systemctl stop holdfast-notify.timer');
    assert.match((await units(['check'])).stdout, /✗ holdfast-notify\.timer: does not run/);
    assert.equal((await units(['install'])).exitCode, 0);
    assert.equal(await show('holdfast-notify.timer', 'ActiveState'), 'active');
    await host.exec(['holdfast', 'gate', 'release']);
  });
});

describe('a service that says recover', { skip }, () => {
  const APPLICATION = { ...APP, unit: 'app.service', recover: {} };
  beforeEach(async () => {
    await host.sh(
      `printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >${DIRECTORY}/app.service; systemctl daemon-reload; mkdir -p /srv/app; echo data >/srv/app/file; systemctl start ${RUN}; systemctl restart app`,
    );
  });

  test('goes on running when its recovery is installed, changed and taken away', async () => {
    const id = await show('app.service', 'InvocationID');
    await configured({ app: APPLICATION });
    assert.equal((await units(['install'])).exitCode, 0);
    await configured();
    assert.equal((await units(['install'])).exitCode, 0);
    assert.deepEqual([await show('app.service', 'ActiveState'), await show('app.service', 'InvocationID')], ['active', id]);
    assert.deepEqual(
      (await installed()).filter((path) => path.startsWith('app.service.d')),
      [],
    );
  });

  test('starts with its data there, with it brought back where it was lost, and not where nobody knows', async () => {
    await configured({ app: APPLICATION });
    await units(['install']);
    await succeeds('app.service');
    await host.sh('systemctl stop app; rm -rf /srv/app');
    await start('app.service');
    assert.equal(await show('app.service', 'ActiveState'), 'active', await host.journal('holdfast-recover@app.service'));
    assert.equal(await host.read('/srv/app/file'), 'data\n');
    await host.sh(`systemctl stop app; rm -rf /srv/app; mv ${NAS} ${NAS}.away`);
    await start('app.service');
    assert.equal(await show('app.service', 'ActiveState'), 'inactive');
    assert.equal(await show('holdfast-recover@app.service', 'Result'), 'exit-code');
    assert.equal(await show('holdfast-recover-again@app.timer', 'ActiveState'), 'active');
    await host.write(
      `${DIRECTORY}/holdfast-recover-again@app.timer.d/soon.conf`,
      // an empty one takes all times away
      '[Timer]\nOnActiveSec=\nOnActiveSec=1s\nOnUnitInactiveSec=1s\n',
    );
    await host.sh('systemctl daemon-reload; systemctl restart holdfast-recover-again@app.timer');
    const tries = async (): Promise<number> =>
      (await host.journal('holdfast-recover@app.service')).split('recover failed').length;
    const earlier = await tries();
    const asked = async (): Promise<boolean> =>
      (await host.journal('holdfast-recover-again@app.service')).includes('it is tried again after');
    await eventually(asked); // it is too early
    assert.equal(await tries(), earlier);
    // no wait is on record then
    const forget = async (): Promise<unknown> => await host.sh('rm -f /var/lib/holdfast/journal.db*');
    await forget();
    await eventually(async () => (await tries()) === earlier + 1);
    await host.sh('systemctl stop app');
    assert.equal(await show('holdfast-recover-again@app.timer', 'ActiveState'), 'inactive', 'whoever stops it is obeyed');
    await start('app.service');
    assert.equal(await show('holdfast-recover-again@app.timer', 'ActiveState'), 'active');
    await host.sh(`mv ${NAS}.away ${NAS}`);
    await forget();
    await eventually(async () => (await show('app.service', 'ActiveState')) === 'active');
    assert.equal(await host.read('/srv/app/file'), 'data\n', 'it came up by itself when the repository was there again');
    await eventually(async () => (await show('holdfast-recover-again@app.timer', 'ActiveState')) === 'inactive');
    await host.sh(`rm -r ${DIRECTORY}/app.service ${DIRECTORY}/holdfast-recover-again@app.timer.d`);
  });
});
