import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeFileSync } from 'node:fs';
import { loadConfiguration } from '../../../src/config/load.ts';
import type { UnitScene, UnitSet } from '../../../src/engine/units/scene.ts';
import { isAgain } from '../../../src/domain/naming.ts';
import { unitSet } from '../../../src/engine/units/unit-set.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

type Section = Readonly<Record<string, unknown>>;

async function scene(sections: Section, parts: Partial<UnitScene> = {}): Promise<UnitScene> {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'holdfast.yaml');
  const nas = { url: '/mnt/nas/restic', passwordFile: '/etc/nas', mounted: '/mnt/nas' };
  writeFileSync(
    file,
    JSON.stringify({ version: 1, host: 'forge', stateDir: '/var/lib/holdfast', repositories: { nas }, ...sections }),
  );
  const configuration = await loadConfiguration({ file, isRoot: true, env: {}, cwd: '/' });
  return { configuration, program: ['/usr/bin/holdfast', '--config', '/etc/holdfast.yaml'], environment: {}, ...parts };
}
const setOf = async (sections: Section): Promise<UnitSet> => unitSet(await scene(sections));
const fileOf = ({ files }: UnitSet, name: string): string =>
  files.get(name) ?? assert.fail(`${name} is missing: ${[...files.keys()].join(' ')}`);
const settings = (set: UnitSet, name: string, key: string): string[] =>
  fileOf(set, name)
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));

const APP = { backup: { paths: ['/srv/app'] } };
const RUN = 'holdfast-run@app.service';

describe('the units of a host', () => {
  it('are none where nothing recurs', async () => {
    const { files, links } = await setOf({
      services: { x: { protection: { class: 'ephemeral' } } },
      verification: { enable: false },
    });
    assert.deepEqual([files.size, links.size], [0, 0]);
  });

  it('are no timers where the agent starts what recurs, or each job would run twice', async () => {
    const services = { app: { ...APP, unit: 'app.service', recover: {} } };
    const { files, links } = await setOf({ services, agent: { schedule: true } });
    assert.deepEqual([...links.keys()], ['multi-user.target.wants/holdfast-agent.service']);
    assert.ok([...files.keys()].every((name) => !name.endsWith('.timer') || isAgain(name)));
    assert.ok(files.has('holdfast-recover@app.service'), 'that is not the business of a schedule');
    const timers = await setOf({ services, agent: { schedule: false } });
    assert.ok(timers.links.has('timers.target.wants/holdfast-run@app.timer'));
  });

  it('are a service and an enabled timer for each job, all in one slice that gives way', async () => {
    const set = await setOf({ services: { app: APP } });
    const timers = [...set.files.keys()].filter((name) => name.endsWith('.timer'));
    assert.ok(timers.length >= 5);
    for (const timer of timers) {
      assert.equal(set.links.get(`timers.target.wants/${timer}`), `../${timer}`);
      assert.deepEqual(settings(set, timer.replace(/timer$/, 'service'), 'Slice'), ['holdfast.slice']);
    }
    assert.deepEqual(
      [settings(set, 'holdfast.slice', 'CPUWeight'), settings(set, 'holdfast.slice', 'IOWeight')],
      [['20'], ['20']],
    );
    assert.deepEqual(settings(set, RUN, 'ExecStart'), ['/usr/bin/holdfast --config /etc/holdfast.yaml run app --wait 12h']);
  });

  it('make datasets as declared at a boot, after the pools, before what lives on them and what recovers it', async () => {
    const dataset = { name: 'tank/app', mountpoint: '/srv/app' };
    const set = await setOf({ services: { app: { ...APP, unit: 'app.service', dataset, recover: {} } } });
    const unit = 'holdfast-datasets.service';
    assert.deepEqual(settings(set, unit, 'Before'), ['holdfast-recover@app.service app.service']);
    assert.deepEqual(settings(set, unit, 'After'), ['zfs-import.target zfs-load-key.target zfs-mount.service']);
    assert.deepEqual(settings(set, unit, 'ExecStart'), ['/usr/bin/holdfast --config /etc/holdfast.yaml datasets apply']);
    assert.equal(set.links.get(`multi-user.target.wants/${unit}`), `../${unit}`);
    assert.ok(!fileOf(set, unit).includes('ProtectSystem'), 'what it mounts is for everybody');
    assert.ok(set.files.has('holdfast-drift.timer'));
    assert.ok(![...(await setOf({ services: { app: APP } })).files.keys()].some((name) => /drift|datasets/.test(name)));
  });

  it('ask for mounts and require none, so that a dead NAS is told and stops no copy elsewhere', async () => {
    const set = await setOf({ services: { app: APP } });
    assert.deepEqual(settings(set, RUN, 'Wants'), ['srv.mount srv-app.mount mnt.mount mnt-nas.mount mnt-nas-restic.mount']);
    assert.deepEqual(settings(set, RUN, 'After'), settings(set, RUN, 'Wants'));
    for (const key of ['Requires', 'RequiresMountsFor', 'AssertPathIsMountPoint'])
      assert.deepEqual(settings(set, RUN, key), [], key);
  });

  it('back up only what has come back, and a server that has started, without asking for either', async () => {
    const postgres = { engine: 'pgbackrest', dataDir: '/srv/pg', repositories: [{ path: '/mnt/pg' }] };
    const set = await setOf({
      services: {
        app: { ...APP, unit: 'app.service', recover: {} },
        db: { unit: 'db.service', postgres, recover: {} },
        other: { unit: 'other.service', postgres: { ...postgres, dataDir: '/srv/other', stanza: 'other' } },
      },
    });
    const later = (name: string): string | undefined => settings(set, name, 'After').at(-1);
    assert.equal(later(RUN), 'holdfast-recover@app.service');
    assert.equal(later('holdfast-run@db@full.service'), 'holdfast-recover@db.service db.service');
    assert.equal(later('holdfast-archive@db.service'), 'holdfast-recover@db.service db.service');
    assert.equal(later('holdfast-run@other@full.service'), 'other.service');
    for (const key of ['Wants', 'Requires'])
      assert.doesNotMatch(settings(set, 'holdfast-run@db@full.service', key).join(), /db\.service/);
  });

  it('bind no path: a bound directory would pass for a mount point', async () => {
    const set = await setOf({
      services: { app: APP, b: { backup: { paths: ['/srv/b'] }, unit: 'b.service', recover: {} } },
    });
    for (const text of set.files.values())
      assert.doesNotMatch(
        text,
        /^(ProtectSystem=strict|ProtectHome|PrivateTmp|ReadWritePaths|BindPaths|ProtectClock|MemoryDenyWriteExecute)/m,
      );
  });

  it('wait for the network only where a repository is behind it', async () => {
    const far = { url: 's3:https://s3.example.com/b', credential: 'far-password', frequency: 'weekly', location: 'offsite' };
    const nas = { url: '/mnt/nas', passwordFile: '/etc/nas' };
    const set = await setOf({ repositories: { nas, far }, services: { app: APP } });
    assert.deepEqual(settings(set, 'holdfast-run@app@far.service', 'LoadCredential'), ['far-password']);
    assert.match(fileOf(set, 'holdfast-run@app@far.service'), /^After=network-online\.target$/m);
    assert.doesNotMatch(fileOf(set, 'holdfast-run@app@nas.service'), /network-online|LoadCredential/);
  });

  it('have the limits that are configured, of one service and of all', async () => {
    const backup = { ...APP.backup, resources: { memoryMax: '1GiB', cpuWeight: 50 } };
    const set = await setOf({ services: { app: { backup } }, units: { memoryMax: '2GiB', cpuQuota: '150%' } });
    for (const unit of [RUN, 'holdfast-drill@app.service'])
      assert.deepEqual([settings(set, unit, 'MemoryMax'), settings(set, unit, 'CPUWeight')], [['1073741824'], ['50']], unit);
    assert.deepEqual(settings(set, 'holdfast.slice', 'MemoryMax'), ['2147483648']);
    assert.deepEqual(settings(set, 'holdfast.slice', 'CPUQuota'), ['150%']);
  });

  it('tell at once how a job ended, where somebody is to be told', async () => {
    const set = await setOf({ services: { app: APP }, metrics: { textfile: '/var/lib/node/h.prom' } });
    assert.deepEqual(settings(set, RUN, 'OnFailure'), ['holdfast-metrics.service']);
    assert.deepEqual(settings(set, RUN, 'OnSuccess'), ['holdfast-metrics.service']);
    assert.deepEqual(settings(set, 'holdfast-metrics.service', 'OnSuccess'), []);
  });
});

describe('a unit that waits for its data', () => {
  const there = (service: Section): Promise<UnitSet> =>
    setOf({ services: { app: { ...APP, unit: 'app.service', ...service } } });
  const DROP_IN = 'app.service.d/50-holdfast.conf';

  it('does so by a drop-in, and only where recover is written', async () => {
    const set = await there({ recover: {} });
    assert.deepEqual(settings(set, DROP_IN, 'Requires'), ['holdfast-recover@app.service']);
    assert.deepEqual(settings(set, DROP_IN, 'RequiresMountsFor'), ['/srv/app']);
    assert.equal((await there({})).files.has(DROP_IN), false);
  });

  it('is a PostgreSQL server, too, which never starts on another cluster or on nothing', async () => {
    const barman = { destination: 's3://backups' };
    for (const more of [{ engine: 'pgbackrest' }, { engine: 'dump' }, { engine: 'barman-cloud', barman }]) {
      const postgres = { ...more, dataDir: '/srv/pg' };
      const set = await there({ backup: undefined, postgres, recover: {} });
      assert.deepEqual(settings(set, DROP_IN, 'RequiresMountsFor'), ['/srv/pg']);
      assert.ok(set.files.has('holdfast-recover@app.service'));
    }
  });

  it('comes after the mounts of a server that its copies are on, and is not kept from starting by one that is away', async () => {
    const repositories = [{ path: '/srv/backups' }, { path: '/mnt/nas/pgbackrest', mounted: '/mnt/nas' }];
    const postgres = { engine: 'pgbackrest', dataDir: '/srv/pg', repositories };
    const set = await there({ backup: undefined, postgres, recover: {} });
    for (const unit of ['holdfast-recover@app.service', 'holdfast-run@app@full.service', 'holdfast-archive@app.service']) {
      for (const key of ['Wants', 'After'])
        assert.match(settings(set, unit, key).join(' '), /\bmnt-nas\.mount\b/, `${unit} ${key}`);
      assert.doesNotMatch(settings(set, unit, 'RequiresMountsFor').join(' '), /nas/);
    }
  });

  it('is one for all services that it holds', async () => {
    const of = (path: string): Section => ({ unit: 'app.service', backup: { paths: [path] }, recover: {} });
    const set = await setOf({ services: { files: of('/srv/a'), data: of('/srv/b') } });
    assert.deepEqual(settings(set, DROP_IN, 'Requires'), ['holdfast-recover@files.service holdfast-recover@data.service']);
  });

  it('is started again after a recovery that failed, and one that was ended counts as failed', async () => {
    const set = await there({ recover: {} });
    const recovery = 'holdfast-recover@app.service';
    const again = 'holdfast-recover-again@app';
    assert.ok(settings(set, recovery, 'Wants').includes(`${again}.timer`));
    assert.match(
      settings(set, recovery, 'ExecStartPost').join(),
      /systemctl stop --no-block .* holdfast-recover-again@app\.timer$/,
    );
    assert.deepEqual(settings(set, recovery, 'SuccessExitStatus'), []);
    assert.match(settings(set, `${again}.service`, 'ExecStart').join(), / recover app --again$/);
    assert.ok(!set.links.has(`timers.target.wants/${again}.timer`), 'nothing starts it at a boot');
  });

  it('is not started against the will of who stopped it: what would try again is stopped with it, and starts with a recovery only', async () => {
    const set = await there({ recover: {} });
    assert.deepEqual(settings(set, 'holdfast-recover-again@app.timer', 'PartOf'), ['app.service']);
    assert.ok(!fileOf(set, 'holdfast-recover@app.service').includes('OnFailure='));
  });

  it('waits for the network only when something is missing, and is not slowed down', async () => {
    const far = { url: 'sftp:user@host:/b', passwordFile: '/etc/far' };
    const set = await setOf({ repositories: { far }, services: { app: { ...APP, unit: 'app.service', recover: {} } } });
    const text = fileOf(set, 'holdfast-recover@app.service');
    assert.match(text, /^ExecStartPre=-\/bin\/sh -c .*network-online\.target/m);
    assert.doesNotMatch(text, /^(After=.*network|Slice|Nice|IOSchedulingClass)/m);
  });

  it('waits for the network also where a replica on another machine may have its data', async () => {
    const waits = async (sources: readonly string[]): Promise<boolean> => {
      const targets = { nas: { destination: 'backup@nas:vault', datasets: ['tank/app'] } };
      const services = { app: { ...APP, unit: 'app.service', recover: { sources } } };
      const set = await setOf({ services, replication: { zfs: { targets } } });
      return fileOf(set, 'holdfast-recover@app.service').includes('network-online.target');
    };
    assert.deepEqual([await waits(['replica']), await waits(['snapshot', 'repository'])], [true, false]);
  });
});

describe('the agent', () => {
  it('has a unit that is enabled, where it is configured', async () => {
    const { configuration, ...rest } = await scene({ services: { app: APP } });
    assert.equal(unitSet({ configuration, ...rest }).files.has('holdfast-agent.service'), false);
    const set = unitSet({
      ...rest,
      configuration: { ...configuration, agent: { ...configuration.agent, declared: true } },
    });
    assert.deepEqual(settings(set, 'holdfast-agent.service', 'ExecStart'), [
      '/usr/bin/holdfast --config /etc/holdfast.yaml agent',
    ]);
    assert.ok(settings(set, 'holdfast-agent.service', 'Environment').includes('MALLOC_ARENA_MAX=1'));
    assert.deepEqual(settings(set, 'holdfast-agent.service', 'ExecReload'), ['/bin/kill -HUP $MAINPID']);
    assert.equal(set.links.get('multi-user.target.wants/holdfast-agent.service'), '../holdfast-agent.service');
  });
});
