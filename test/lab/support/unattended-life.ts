// A stretch of the life of that host: what is done to it, and what is left to look at afterwards.

import type { UserMode } from '../../../lab/user-mode/user-mode.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Report } from '../../../src/domain/report.ts';
import { holdfast } from './holdfast-on.ts';
import { LAPSE, NEAR, TOLD } from './unattended-host.ts';
import { type Stop, TimeLapse } from './time-lapse.ts';

export interface Stretch {
  readonly begin: Instant;
  readonly end: Instant;
  /** What somebody does to it, with nobody there to see it. */
  readonly deeds: readonly { readonly at: Instant; readonly script: string }[];
  /** It is off meanwhile. */
  readonly off: { readonly from: Instant; readonly until: Instant };
}

const at = (time: string): Instant => Date.parse(time) as Instant;

/** From a Thursday to the next. The clocks are put back on the 26th, at 03:00. */
export const WEEK: Stretch = {
  begin: at('2031-10-23T12:00:00+02:00'),
  end: at('2031-10-30T12:00:00+01:00'),
  deeds: [
    { at: at('2031-10-24T12:00:00+02:00'), script: `mv ${NEAR} ${NEAR}.gone` },
    { at: at('2031-10-25T12:00:00+02:00'), script: `mv ${NEAR}.gone ${NEAR}` },
  ],
  off: { from: at('2031-10-28T12:00:00+01:00'), until: at('2031-10-29T12:00:00+01:00') },
};

/** From a Wednesday on. The clocks are put back in it, too. */
export const MONTH: Stretch = {
  begin: at('2031-10-01T12:00:00+02:00'),
  end: at('2031-11-01T12:00:00+01:00'),
  deeds: [
    { at: at('2031-10-08T12:00:00+02:00'), script: `mv ${NEAR} ${NEAR}.gone` },
    { at: at('2031-10-10T12:00:00+02:00'), script: `mv ${NEAR}.gone ${NEAR}` },
    {
      // The newest pack is that of notes, of the night before.
      at: at('2031-10-12T12:00:00+02:00'),
      script: `pack=$(find ${NEAR}/data -type f -size +15k -printf '%T@ %p\\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
cp -p "$pack" /var/lib/unattended/pack && echo "$pack" >/var/lib/unattended/where
printf X | dd of="$pack" bs=1 seek=5000 conv=notrunc status=none`,
    },
    { at: at('2031-10-14T12:00:00+02:00'), script: 'cp -p /var/lib/unattended/pack "$(cat /var/lib/unattended/where)"' },
    { at: at('2031-10-18T12:00:00+02:00'), script: 'mv /srv/site /srv/site.gone' },
    { at: at('2031-10-19T12:00:00+02:00'), script: 'mv /srv/site.gone /srv/site' },
  ],
  off: { from: at('2031-10-22T12:00:00+02:00'), until: at('2031-10-24T12:00:00+02:00') },
};

export interface Life {
  readonly stretch: Stretch;
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
  /** Seconds since the epoch: when systemd says that it is due meanwhile. */
  readonly due: readonly number[];
}

export async function live(host: UserMode, stretch: Stretch): Promise<Life> {
  const { deeds, off, end } = stretch;
  const lapse = await TimeLapse.begin(host, LAPSE);
  const stops: Stop[] = [];
  const until = async (time: Instant): Promise<void> => {
    for (let stop = await lapse.next(time); stop; stop = await lapse.next(time)) stops.push(stop);
  };
  const sleep = async (): Promise<void> => void stops.push(await lapse.sleepUntil(off.until));
  const events = [
    ...deeds.map((deed) => ({ at: deed.at, happen: async () => void (await host.sh(deed.script)) })),
    { at: off.from, happen: sleep },
  ].toSorted((one, other) => one.at - other.at);
  for (const event of events) {
    await until(event.at);
    await event.happen();
  }
  await until(end);
  return await lookBack(host, stretch, stops);
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

async function lookBack(host: UserMode, stretch: Stretch, stops: readonly Stop[]): Promise<Life> {
  const { stdout } = await holdfast(host, ['history', '--limit', '1000']);
  const { runs } = JSON.parse(stdout) as { runs: Report[] }; // its shape has a test of its own
  const told = await host.read(TOLD);
  const units = await host.tell('systemctl', 'list-unit-files', '--plain', '--no-legend', '--type=timer', 'holdfast*');
  await host.exec(['systemctl', 'start', ...LAPSE.stilled]);
  const timers: TimerLife[] = [];
  for (const unit of units.split('\n').map((line) => line.split(' ')[0] ?? '')) {
    if (!LAPSE.stilled.includes(unit)) timers.push(await timerLife(host, stretch, unit));
  }
  return {
    stretch,
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

async function timerLife(host: UserMode, { begin, end }: Stretch, unit: string): Promise<TimerLife> {
  const text = await host.tell('systemctl', 'cat', unit);
  const calendar = /^OnCalendar=(.*)$/m.exec(text)?.[1] ?? '';
  const base = `--base-time=@${begin / 1000}`; // seconds
  const said = await host.tell('systemd-analyze', 'calendar', '--iterations=40', base, calendar);
  const due = [...said.matchAll(/\(in UTC\): (.+)$/gm)].map(([, time = '']) => Date.parse(time.slice(4)) / 1000);
  return { unit, calendar, due: due.filter((time) => time * 1000 < end) };
}

/** Those that a timer is there for, oldest first; what was done by hand before it began is none of them. */
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
