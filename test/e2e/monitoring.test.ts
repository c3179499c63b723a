import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../lab/support/eventually.ts';
import { ScratchHost } from '../support/cli.ts';
import { Monitoring, skipMonitoring } from './support/monitoring.ts';

test(
  'what really happened reaches whoever the Alertmanager tells, and is taken back when it is mended',
  { skip: skipMonitoring },
  async () => {
    using host = new ScratchHost();
    host.addRepository('nas');
    host.addService('sonarr');
    host.services['lost'] = { backup: { paths: [host.path('data', 'lost')] } };
    host.services['idle'] = { backup: { paths: [host.path('data', 'idle')] } };
    host.configure({ host: 'forge' });
    assert.equal((await host.run(['run', 'sonarr', 'lost'])).code, 1);
    assert.equal((await host.run(['verify', 'nas'])).code, 0);
    const rules = await host.run(['metrics', 'rules']);
    assert.equal(rules.code, 0, rules.stderr);

    await using monitoring = await Monitoring.start(rules.stdout.replace('interval: 10m', 'interval: 1s'));
    const refresh = async (): Promise<void> => {
      monitoring.metrics = (await host.run(['metrics'])).stdout;
    };
    await refresh();
    const firing = (alert: string, job?: string): boolean =>
      monitoring.told.some(
        ({ status, labels }) =>
          status === 'firing' && labels['alertname'] === alert && (job === undefined || labels['backup_job'] === job),
      );
    await eventually(() => firing('UnifiedBackupFailed', 'lost') && firing('BackupMonitoringWatchdog'));

    await eventually(async () => (await monitoring.rules()).every(({ health }) => health !== 'unknown'));
    const all = await monitoring.rules();
    assert.ok(all.length > 15);
    assert.deepEqual(
      all.filter(({ health }) => health !== 'ok'),
      [],
      'no rule has an error over real metrics',
    );
    assert.equal(firing('UnifiedBackupFailed', 'sonarr'), false);
    assert.equal(firing('UnifiedBackupFailed', 'idle'), false, 'it was never tried, which is another alert');
    assert.equal(firing('RepositoryVerificationFailed'), false);
    assert.equal(firing('BackupMonitoringUnhealthy'), false);
    assert.equal(await monitoring.count('ALERTS{alertname="UnifiedBackupNeverRan",backup_job="idle"}'), 1);
    assert.equal(await monitoring.count('ALERTS{alertname="UnifiedBackupNeverRan",backup_job!="idle"}'), 0);

    const failed = monitoring.told.find(({ labels }) => labels['alertname'] === 'UnifiedBackupFailed');
    assert.equal(failed?.annotations['summary'], 'Backup of lost@nas on forge did not succeed');
    assert.match(failed?.annotations['runbook'] ?? '', /^3\. .*: holdfast run lost --repository nas$/m);

    host.write('data/lost/found.txt', 'found');
    assert.equal((await host.run(['run', 'lost'])).code, 0);
    await refresh();
    await eventually(() =>
      monitoring.told.some(
        ({ status, labels }) =>
          status === 'resolved' && labels['alertname'] === 'UnifiedBackupFailed' && labels['backup_job'] === 'lost',
      ),
    );
  },
);
