// A month of that host: what is done to it, and what is left to look at afterwards.

import type { UserMode } from '../../../lab/user-mode/user-mode.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Report } from '../../../src/domain/report.ts';
import { holdfast } from './holdfast-on.ts';
import { LAPSE, NEAR, TOLD } from './month-host.ts';
import { type Stop, TimeLapse } from './time-lapse.ts';

const at = (time: string): Instant => Date.parse(time) as Instant;

/** A Wednesday. The clocks are put back on the 26th, at 03:00. */
export const BEGIN = at('2031-10-01T12:00:00+02:00');
const END = at('2031-11-01T12:00:00+01:00');

/** What somebody does to it, with nobody there to see it. */
const DEEDS: readonly { readonly at: Instant; readonly script: string }[] = [
  { at: at('2031-10-08T12:00:00+02:00'), script: `mv ${NEAR} ${NEAR}.gone` },
  { at: at('2031-10-10T12:00:00+02:00'), script: `mv ${NEAR}.gone ${NEAR}` },
  {
    // The newest pack is that of notes, of the night before.
    at: at('2031-10-12T12:00:00+02:00'),
    script: `pack=$(find ${NEAR}/data -type f -size +15k -printf '%T@ %p\\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
cp -p "$pack" /var/lib/month/pack && echo "$pack" >/var/lib/month/where
printf X | dd of="$pack" bs=1 seek=5000 conv=notrunc status=none`,
  },
  { at: at('2031-10-14T12:00:00+02:00'), script: 'cp -p /var/lib/month/pack "$(cat /var/lib/month/where)"' },
  { at: at('2031-10-18T12:00:00+02:00'), script: 'mv /srv/site /srv/site.gone' },
  { at: at('2031-10-19T12:00:00+02:00'), script: 'mv /srv/site.gone /srv/site' },
];
/** It is off meanwhile. */
export const OFF = { from: at('2031-10-22T12:00:00+02:00'), until: at('2031-10-24T12:00:00+02:00') };

export interface Life {
  readonly stops: readonly Stop[];
  /** Oldest first. */
  readonly runs: readonly Report[];
  /** Received by the channel, a line each: when, event, services, repositories, title. */
  readonly told: readonly (readonly string[])[];
  /** Of Prometheus. */
  readonly rules: string;
  readonly timers: readonly TimerLife[];
  /** What `holdfast units check` ended with. */
  readonly unitsCheck: number;
}

export interface TimerLife {
  readonly unit: string;
  readonly calendar: string;
  /** Seconds since the epoch: when systemd says that it is due in this month. */
  readonly due: readonly number[];
}

export async function liveMonth(host: UserMode, onStop: (stop: Stop) => void = () => {}): Promise<Life> {
  const lapse = await TimeLapse.begin(host, LAPSE);
  const stops: Stop[] = [];
  const keep = (stop: Stop): void => {
    stops.push(stop);
    onStop(stop);
  };
  const until = async (time: Instant): Promise<void> => {
    for (let stop = await lapse.next(time); stop; stop = await lapse.next(time)) keep(stop);
  };
  const sleep = async (): Promise<void> => keep(await lapse.sleepUntil(OFF.until));
  const events = [
    ...DEEDS.map((deed) => ({ at: deed.at, happen: async () => void (await host.sh(deed.script)) })),
    { at: OFF.from, happen: sleep },
  ].toSorted((one, other) => one.at - other.at);
  for (const event of events) {
    await until(event.at);
    await event.happen();
  }
  await until(END);
  return await lookBack(host, stops);
}

export interface Damage {
  /** Whose snapshots verification found to be touched, one for each. */
  readonly services: readonly string[];
  /**
   * Seconds since the epoch: when no copy could be relied on any more. That is when verification met the damage, where it touches the
   * newest copy that was known then; otherwise when that one was forgotten, for those that came later lean on the same files.
   */
  readonly since: number;
}

/** Which of the jobs of one hour comes first is left to chance, and with it what verification knew: the record says it. */
export function damageIn({ runs }: Life): Damage {
  const verified = runs.find(({ kind, outcome }) => kind === 'verify' && outcome === 'failed');
  const result = verified?.steps.find(({ id }) => id.startsWith('verify:'))?.result;
  const touched = (result?.['touched'] ?? []) as unknown as { service: string; snapshotId: string }[];
  const [service = ''] = touched.map((each) => each.service);
  const known = runs
    .filter(({ id }) => id < (verified?.id ?? ''))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .flatMap(({ steps }) => steps.filter(({ id, outcome }) => id === `backup:${service}@near` && outcome === 'succeeded'))
    .at(-1)?.result?.['snapshotId'];
  const removal = runs.find(({ steps }) =>
    steps.some((step) => ((step.result?.['snapshotsRemoved'] ?? []) as unknown[]).includes(known)),
  );
  const met = touched.some(({ snapshotId }) => snapshotId === known) ? verified : removal;
  return { services: touched.map((each) => each.service), since: Date.parse(met?.endedAt ?? '') / 1000 };
}

async function lookBack(host: UserMode, stops: readonly Stop[]): Promise<Life> {
  const { stdout } = await holdfast(host, ['history', '--limit', '1000']);
  const { runs } = JSON.parse(stdout) as { runs: Report[] }; // its shape has a test of its own
  const told = await host.read(TOLD);
  const units = await host.tell('systemctl', 'list-unit-files', '--plain', '--no-legend', '--type=timer', 'holdfast*');
  await host.exec(['systemctl', 'start', ...LAPSE.stilled]);
  const timers: TimerLife[] = [];
  for (const unit of units.split('\n').map((line) => line.split(' ')[0] ?? '')) {
    if (!LAPSE.stilled.includes(unit)) timers.push(await timerLife(host, unit));
  }
  return {
    stops,
    runs: runs.toReversed(),
    told: told
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t')),
    rules: await host.tell('holdfast', 'metrics', 'rules'),
    timers,
    unitsCheck: (await holdfast(host, ['units', 'check'])).exitCode,
  };
}

async function timerLife(host: UserMode, unit: string): Promise<TimerLife> {
  const text = await host.tell('systemctl', 'cat', unit);
  const calendar = /^OnCalendar=(.*)$/m.exec(text)?.[1] ?? '';
  const base = `--base-time=@${BEGIN / 1000}`; // seconds
  const said = await host.tell('systemd-analyze', 'calendar', '--iterations=40', base, calendar);
  const due = [...said.matchAll(/\(in UTC\): (.+)$/gm)].map(([, time = '']) => Date.parse(time.slice(4)) / 1000);
  return { unit, calendar, due: due.filter((time) => time * 1000 < END) };
}

/** Those that a timer is there for, oldest first; what was done by hand before the month began is none of them. */
export function runsOf({ runs, stops }: Life, timer: string): Report[] {
  const [, kind = '', subject = ''] = /^holdfast-(\w+)(?:@(.+))?\.timer$/.exec(timer) ?? [];
  const of = { run: 'backup:', drill: 'drill:', verify: 'verify:' }[kind];
  return runs.filter(
    (run) =>
      Date.parse(run.startedAt) / 1000 >= (stops[0]?.at ?? 0) &&
      run.kind === (kind === 'refresh' ? 'refresh' : kind) &&
      (of === undefined || run.steps.some(({ id }) => (id + '@').startsWith(`${of}${subject}@`))),
  );
}
