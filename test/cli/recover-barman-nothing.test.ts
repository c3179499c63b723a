// A server whose data is gone, where its bucket holds nothing or does not answer.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { stepOf } from '../support/cli.ts';

test('where nothing is there, or nothing answers, no server ever begins anew', async (t) => {
  const { host, scene } = await barmanRuns(t);
  scene.server.stop();
  rmSync(scene.server.data, { recursive: true });
  host.services['db'] = { ...host.services['db'], protection: { allowEmptyStart: true } };
  for (const endpointUrl of [scene.store.endpoint, 'http://127.0.0.1:1']) {
    host.services['db'] = { ...host.services['db'], postgres: scene.section({ endpointUrl }) };
    const { code, stdout } = await host.run(['--json', 'recover', 'db', '--allow-empty-once']);
    const again = await host.run(['--json', 'recover', 'db']);
    const step = stepOf(JSON.parse(again.stdout) as Report, 'recover:db');
    assert.equal(step.error?.code, 'repository-unreachable', `${code} ${stdout} ${JSON.stringify(step)}`);
  }
});
