// What its metrics say, held against its journal: from the reports alone, by other code than that which renders them.

import type { StepReport } from '../../../src/domain/report.ts';
import { noted, readMetrics, type ReadSample, valueOf } from './metrics-text.ts';
import type { Scrape } from './alert-history.ts';
import { type Life } from './unattended-life.ts';
import type { Stop } from './time-lapse.ts';

const JOBS = [
  ['notes', 'near'],
  ['site', 'near'],
  ['ledger', 'near'],
  ['ledger', 'far'],
] as const;
const WRITTEN = 'holdfast_metrics_written_timestamp_seconds';
const AGE = 'holdfast_newest_copy_age_seconds';

/** Seconds. What ends while they are gathered is in them or not. */
const GATHERING = 5;

/** Sentences; none when all is well. */
export function journalDisagreements(life: Life, { observed }: Stop): string[] {
  const samples = readMetrics(observed);
  const written = valueOf(samples, WRITTEN, {}) ?? 0;
  const steps = life.runs.flatMap((run) => run.steps);
  const until = (time: number): StepReport[] => steps.filter((step) => secondsOf(step.endedAt) <= time);
  const [before, since] = [until(written), until(written + GATHERING)];
  const wrong = JOBS.flatMap(([service, repository]) => {
    const [first, ...more] = [before, since].map((known) => disagreementsOf(service, repository, known, samples));
    return more.some((each) => each.length === 0) ? [] : (first ?? []);
  });
  const verified = [before, since].map((known) => known.findLast(({ id }) => id === 'verify:near')?.outcome === 'succeeded');
  const said = valueOf(samples, 'restic_verification_status', { repository: 'near' }) === 1;
  return verified.includes(said)
    ? wrong
    : [...wrong, `restic_verification_status is ${said}, the journal says ${verified[0]}`];
}

function disagreementsOf(
  service: string,
  repository: string,
  steps: readonly StepReport[],
  samples: readonly ReadSample[],
): string[] {
  const wrong: string[] = [];
  const check = (name: string, labels: Readonly<Record<string, string>>, least: number | null, most = least): void => {
    const said = valueOf(samples, name, labels);
    const same = said === null || least === null || most === null ? said === least : said >= least && said <= most;
    if (!same) wrong.push(`${name} ${JSON.stringify(labels)} is ${said}, the journal says ${least}`);
  };
  const attempts = steps.filter(({ id }) => id === `backup:${service}@${repository}`);
  const last = attempts.at(-1);
  const success = attempts.findLast(({ outcome }) => outcome === 'succeeded');
  if (!last || !success) throw new Error(`${service} was backed up before it began`);
  const labels = { backup_job: service, repository };
  check('restic_backup_status', labels, last.outcome === 'succeeded' ? 1 : 0);
  check('restic_backup_result', { ...labels, result: last.outcome }, 1);
  check('restic_backup_last_attempt_timestamp', labels, secondsOf(last.endedAt));
  check('restic_backup_last_success_timestamp', labels, secondsOf(success.startedAt), secondsOf(success.endedAt));
  check('restic_backup_duration_seconds', labels, last.durationSeconds);
  return wrong;
}

const secondsOf = (time: string | null): number => (time === null ? Infinity : Date.parse(time) / 1000);

/** Seconds. */
export const STEP = 900;

/** As a Prometheus would have seen them: between two stops the text is written again and again, and only time goes on in it. */
export function scrapesOf({ stops, stretch: { off } }: Life): Scrape[] {
  return stops.flatMap((stop, index) => {
    const samples = readMetrics(stop.observed);
    const written = valueOf(samples, WRITTEN, {}) ?? 0;
    const next = stops[index + 1];
    const until = next?.at ?? stop.endedAt + STEP;
    const first = Math.ceil(stop.endedAt / STEP) * STEP;
    const times = Array.from({ length: Math.max(0, Math.ceil((until - first) / STEP)) }, (_, count) => first + count * STEP);
    const on = times.filter((at) => at * 1000 < off.from || at * 1000 >= off.until);
    return on.map((at) => ({ at, samples: samples.map((sample) => grown(sample, at - written)) }));
  });
}

const grown = (sample: ReadSample, seconds: number): ReadSample =>
  sample.name === WRITTEN || sample.name === AGE ? { ...sample, value: sample.value + seconds } : sample;

export const memoryOf = ({ observed }: Stop): { readonly systemd: number; readonly agent: number } => ({
  systemd: noted(observed, 'systemd'),
  agent: noted(observed, 'agent'),
});
