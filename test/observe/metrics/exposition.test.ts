import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeLabel, renderSeries, samplesOf, type Series } from '../../../src/observe/metrics/exposition.ts';
import { ALL_FAMILIES, FAMILIES } from '../../../src/observe/metrics/families.ts';
import { seriesOf } from '../../../src/observe/metrics/series.ts';
import { fullInput } from './support/full-input.ts';
import { checkMetrics, skip } from './support/promtool.ts';

const text = (parts = {}): string => renderSeries(seriesOf(fullInput(parts)));
const lines = (parts = {}): string[] => text(parts).split('\n');

test('promtool finds nothing wrong with any metric', { skip }, () => {
  assert.deepEqual(checkMetrics(text()), { status: 0, output: '' });
});

test('of a host of which everything is known, every metric of the table is told', () => {
  const emitted = new Set(samplesOf(seriesOf(fullInput())).map(({ family }) => family.name));
  assert.deepEqual(
    ALL_FAMILIES.map(({ name }) => name).filter((name) => !emitted.has(name)),
    [],
  );
});

test('a sample has exactly the labels that the table says', () => {
  for (const { family, labels } of samplesOf(seriesOf(fullInput()))) {
    assert.deepEqual(Object.keys(labels).toSorted(), [...family.labels].toSorted(), family.name);
  }
});

test('where nothing is known no status is 1, and no figure is there', () => {
  const unknown = lines({
    jobs: [
      {
        service: 'sonarr',
        repository: 'nas',
        lastAttempt: null,
        newest: null,
        rpoSeconds: null,
        snapshots: null,
        drill: null,
      },
    ],
    repositories: [{ repository: 'nas', sound: false, verifiedAt: null, attemptedAt: null, restorable: false, space: null }],
    services: [],
    archives: [],
    recoveries: [],
    gate: null,
    hold: null,
    runs: [],
    notifications: [],
    datasets: [],
    pools: [{ pool: 'tank', health: null }],
    spaces: [],
    snapshots: [],
    replicas: [],
    expected: [],
  }).filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(unknown, [
    'restic_backup_status{backup_job="sonarr",repository="nas",hostname="forge"} 0',
    'restic_verification_status{repository="nas",hostname="forge"} 0',
    'restic_restore_test_status{repository="nas",hostname="forge"} 0',
    'postgres_backup_verification_status{hostname="forge"} 0',
    'postgres_pgbackrest_offsite_backup_status{hostname="forge"} 0',
    'postgres_backup_offsite_verification_status{hostname="forge"} 0',
    'holdfast_pool_healthy{pool="tank",hostname="forge"} 0',
    'holdfast_metrics_written_timestamp_seconds{hostname="forge"} 1772366400',
  ]);
});

test('a copy that is dated in the future has no time of success and no age', () => {
  const [job] = fullInput().jobs;
  const future = lines({ jobs: [{ ...job, newest: { at: 9e12, ageSeconds: null, files: 1, bytes: 1 } }] }).join('\n');
  assert.doesNotMatch(future, /^(?:restic_backup_last_success_timestamp|holdfast_newest_copy_age_seconds)\{/m);
});

test('a partial, interrupted or skipped attempt is no success', () => {
  for (const outcome of ['partial', 'failed', 'timed-out', 'interrupted', 'skipped', 'blocked', 'running'] as const) {
    const [job] = fullInput().jobs;
    const told = lines({ jobs: [{ ...job, lastAttempt: { outcome, at: 1, seconds: 1, bytesAdded: null } }] });
    assert.ok(told.includes('restic_backup_status{backup_job="sonarr",repository="nas",hostname="forge"} 0'), outcome);
    assert.ok(
      told.includes(`restic_backup_result{backup_job="sonarr",repository="nas",hostname="forge",result="${outcome}"} 1`),
    );
  }
});

/** As the format's own description says: a backslash, a quote and a line feed are escaped, nothing else. */
const unescape = (text_: string): string =>
  text_.replaceAll(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));

test('a label can be any text, and is read back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const escaped = escapeLabel(value);
      assert.equal(unescape(escaped), value);
      assert.doesNotMatch(escaped, /\n|(?<!\\)(?:\\\\)*"/);
    }),
  );
});

test('promtool reads metrics with any text in their labels', { skip }, () => {
  const awkward = fc.string({ unit: fc.constantFrom('"', '\\', '\n', '{', '}', ',', '=', ' ', 'a', 'ä', '\u{1F600}') });
  const [samples] = fc.sample(fc.uniqueArray(awkward, { minLength: 200, maxLength: 200 }), 1);
  const text_ = renderSeries([
    {
      family: FAMILIES.written,
      labels: (samples ?? []).map((hostname) => ({ hostname })),
      values: (samples ?? []).map(() => 1),
    },
  ]);
  assert.deepEqual(checkMetrics(text_), { status: 0, output: '' });
});

/** Of families that are about the same things, as the table has them. */
const figures = fc
  .array(
    fc.record({
      labels: fc.record({ backup_job: fc.string(), repository: fc.string(), hostname: fc.string() }),
      values: fc.tuple(...Array.from({ length: 3 }, () => fc.option(fc.double()))),
    }),
    { maxLength: 5 },
  )
  .map((things): Series[] => {
    const labels = things.map((each) => each.labels);
    const families = [FAMILIES.rpo, FAMILIES.backupStatus, FAMILIES.backupSize];
    return families.map((family, index) => ({ family, labels, values: things.map(({ values }) => values[index] ?? null) }));
  });

test('the text has a line for each sample that is known, and each family once, in the order of the table', () => {
  fc.assert(
    fc.property(figures, (series) => {
      const expected = ALL_FAMILIES.flatMap(({ name, help, type, labels: order }) => {
        const own = samplesOf(series)
          .filter(({ family }) => family.name === name)
          .map(({ labels, value }) => {
            const known = order
              .filter((label) => labels[label])
              .map((label) => `${label}="${escapeLabel(labels[label] ?? '')}"`);
            const set = known.length === 0 ? '' : `{${known.join(',')}}`;
            return `${name}${set} ${String(value).replace(/^(-?)Infinity$/, (_, sign: string) => `${sign || '+'}Inf`)}\n`;
          });
        return own.length === 0 ? [] : [`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, ...own];
      });
      assert.equal(renderSeries(series), expected.join(''));
      assert.equal(
        samplesOf(series).length,
        series.flatMap(({ values }) => values).filter((value) => value !== null).length,
      );
    }),
  );
});
