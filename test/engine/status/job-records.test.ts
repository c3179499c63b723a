import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EvidenceKind } from '../../../src/domain/evidence.ts';
import { stepId } from '../../../src/domain/naming.ts';
import { OUTCOMES } from '../../../src/domain/outcome.ts';
import { type JobRecord, jobRecords } from '../../../src/engine/status/job-records.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { hoursAgo, recordBackup, recordFact, REPOSITORIES, service, snapshotId } from '../support/host.ts';

const SERVICES = ['sonarr', 'plex'].map((name) => service(name));
const JOBS = SERVICES.flatMap(({ name }) => [...REPOSITORIES.keys()].map((repository) => ({ service: name, repository })));
const DRILL = { snapshotTime: '2026-02-01T00:00:00.000Z', extent: 'whole', rtoSeconds: 42, seconds: 42, reason: 'no' };

const event = fc.record({
  job: fc.constantFrom(...JOBS),
  hours: fc.integer({ min: -2, max: 80 }),
  id: fc.constantFrom('1', '2', '3').map(snapshotId),
  what: fc.oneof(
    fc.constantFrom(...OUTCOMES).map((outcome) => ({ outcome })),
    fc.constantFrom<EvidenceKind>('copy', 'missing', 'found', 'drill').map((kind) => ({ kind })),
  ),
  elsewhere: fc.boolean(),
});

/** As one asks about a single job. */
function recordOf(journal: Journal, job: (typeof JOBS)[number]): JobRecord {
  const newest = (['backup', 'copy'] as const)
    .flatMap((kind) => journal.evidence({ ...job, kind, complete: true, limit: 1 }))
    .toSorted((a, b) => b.at - a.at)[0];
  const missing = newest && journal.evidence({ ...job, kind: 'missing', snapshotId: newest.snapshotId, limit: 1 })[0];
  return {
    newest: newest ?? null,
    missing: missing ?? null,
    lastStep: journal.latestStep(stepId.backup(job.service, job.repository)),
    drills: journal.evidence({ ...job, kind: 'drill', limit: 100 }),
    archive: null,
  };
}

test('what is on record of many jobs is what is on record of each', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      using journal = openTransientJournal();
      for (const { job, hours, id, what, elsewhere } of events) {
        const at = hoursAgo(hours);
        if ('outcome' in what) recordBackup(journal, job, { at, outcome: what.outcome, id });
        else {
          const detail = { ...(what.kind === 'drill' ? DRILL : {}), ...(elsewhere ? { place: '/old' } : {}) };
          recordFact(journal, job, { kind: what.kind, snapshotId: id, at, detail, complete: hours % 2 === 0 });
        }
      }
      assert.deepEqual(
        jobRecords(journal, JOBS),
        JOBS.map((job) => recordOf(journal, job)),
      );
    }),
    { numRuns: 200 },
  );
});
