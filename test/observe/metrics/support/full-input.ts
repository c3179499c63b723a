// A host of which everything is known, so that every metric is emitted.

import type { Instant } from '../../../../src/domain/instant.ts';
import type { MetricsInput } from '../../../../src/observe/metrics/input.ts';

export const AT = Date.parse('2026-03-01T12:00:00Z') as Instant;
const ago = (seconds: number): Instant => (AT - seconds * 1000) as Instant;

export const fullInput = (parts: Partial<MetricsInput> = {}): MetricsInput => ({
  host: 'forge',
  at: AT,
  jobs: [
    {
      service: 'sonarr',
      repository: 'nas',
      lastAttempt: { outcome: 'succeeded', at: ago(60), seconds: 12.5, bytesAdded: 45 },
      newest: { at: ago(70), ageSeconds: 70, files: 210, bytes: 123 },
      rpoSeconds: 93_600,
      snapshots: 7,
      drill: { proved: true, at: ago(600), seconds: 42 },
    },
  ],
  repositories: [
    {
      repository: 'nas',
      sound: true,
      verifiedAt: ago(99),
      attemptedAt: ago(98),
      restorable: true,
      space: { free: 1, total: 2 },
    },
  ],
  services: [
    {
      service: 'sonarr',
      class: 'standard',
      verdict: 'at-risk',
      copies: { have: 2, owed: 3 },
      media: { have: 2, owed: 2 },
      offsite: { have: 0, owed: 1 },
      rtoSeconds: 14_400,
      measuredRtoSeconds: 42,
    },
  ],
  recoveries: [
    {
      service: 'sonarr',
      well: true,
      endedAt: ago(15),
      back: { repository: 'nas', at: ago(16), seconds: 9 },
      startedEmptyAt: ago(17),
    },
  ],
  postgres: { verified: false, offsite: false, offsiteVerified: false },
  archives: [
    {
      service: 'db',
      repository: 'repo1',
      lookedAt: ago(60),
      whole: false,
      restorableUntil: ago(120),
      owedSeconds: 300,
      waiting: 2,
      failures: 7,
      timelines: 3,
      foreignTimelines: 1,
    },
  ],
  gate: { outcome: 'partial', exitCode: 1, startedAt: ago(500), endedAt: ago(400), unsuccessfulShare: 0.25 },
  hold: { since: ago(300), until: ago(-300) },
  runs: [{ kind: 'run', outcome: 'succeeded', exitCode: 0, startedAt: ago(90), endedAt: ago(60) }],
  notifications: [{ channel: 'phone', waiting: 2, oldestAt: ago(30), failingSince: ago(20) }],
  datasets: [{ dataset: 'tank/a b', comparedAt: ago(50), drift: ['recordsize', 'mounted'] }],
  pools: [
    { pool: 'tank', health: { name: 'tank', health: 'ONLINE', size: 9, allocated: 3, dataErrors: 0, deviceErrors: 0 } },
  ],
  spaces: [{ name: 'tank/a b', used: 3, available: 6 }],
  replicas: [{ dataset: 'tank/a b', target: 'nas', lagSeconds: 60, maxLagSeconds: 43_200, measuredAt: ago(30) }],
  snapshots: [{ dataset: 'tank/a b', newestAt: ago(40), maxAgeSeconds: 172_800 }],
  expected: [
    { id: 'run:sonarr', kind: 'run', service: 'sonarr', repository: 'nas', frequency: 'daily', attendance: null },
    {
      id: 'retention',
      kind: 'retention',
      service: null,
      repository: null,
      frequency: 'daily',
      attendance: { lastEnd: ago(900), patienceSeconds: 98_640 },
    },
  ],
  ...parts,
});
