// Watching the archive of a real server of which one repository hangs.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { planWatch } from '../../../src/engine/postgres/watch-archive.ts';
import { runPlan } from '../../../src/engine/runner/runner.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { findProgram } from '../../../src/process/find-program.ts';
import { ArchivingServer } from '../../support/archiving-server.ts';
import { options } from '../../support/plans.ts';
import { postgresDirectory } from '../../support/postgres.ts';
import { postgres, service } from '../support/host.ts';

/** As one that sits in a system call on a dead file server: it does not even end when it is told to. */
const HANGS = "trap '' TERM; exec sleep 15";

test('a repository that does not answer is told as that, and the others are looked at', async (t) => {
  using root = postgresDirectory();
  using server = new ArchivingServer(join(root.path, 'pg'), { repositories: 2 });
  server.pgbackrest('stanza-create');
  server.pgbackrest('--repo=1', 'backup', '--type=full', '--start-fast');
  const programs = join(root.path, 'bin');
  mkdirSync(programs);
  const program = join(programs, 'pgbackrest');
  writeFileSync(program, `#!/bin/sh\ncase "$*" in *--repo=2*) ${HANGS};; esac\nexec ${findProgram('pgbackrest')} "$@"\n`);
  for (const path of [programs, program]) chmodSync(path, 0o755);
  const before = process.env['PATH'];
  t.after(() => (process.env['PATH'] = before));
  process.env['PATH'] = [programs, before].join(delimiter);
  using journal = openTransientJournal();
  const db = service('db', { postgres: postgres({ ...server.declared, archiveWithin: duration(1, 'h') }) });
  assert.ok(db.postgres);
  const plan = planWatch('testhost', [{ service: db, postgres: db.postgres }], journal, duration(4, 's'));
  const { steps } = await runPlan(plan, options({ journal }));
  assert.deepEqual([steps[0]?.outcome, steps[0]?.reason], ['partial', 'repo2: it does not answer within 4.0s']);
  const facts = journal.evidence({ service: 'db', kind: 'archive', limit: 5 });
  assert.deepEqual(
    facts.map(({ repository, complete }) => [repository, complete]),
    [
      ['repo2', false],
      ['repo1', true],
    ],
  );
});
