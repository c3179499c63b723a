// Lets a host live through weeks in minutes: its clock is set to shortly before the next time of a timer, which then passes by
// itself; when all that was started has ended, the clock goes on to the next one.

import type { Instant } from '../../../src/domain/instant.ts';
import { duration } from '../../../src/domain/duration.ts';
import type { UserMode } from '../../../lab/user-mode/user-mode.ts';

export interface TimeLapseOptions {
  /** A shell pattern of units: the clock stops at the times of their timers, and all of their services are waited for. */
  readonly units: string;
  /** Timers that would stop the clock every minute: they do not run, what they start is started otherwise. */
  readonly stilled: readonly string[];
  /** Shell commands whose output is kept of each stop. */
  readonly observe: string;
}

export interface Stop {
  /** Seconds since the epoch: the time that had come, or when it began. */
  readonly at: number;
  /** The timers whose time it was. */
  readonly due: readonly string[];
  /** When everything had ended, by the clock of the host. */
  readonly endedAt: number;
  readonly observed: string;
}

interface Timer {
  readonly unit: string;
  readonly activates: string | null;
  /** Microseconds. */
  readonly next: number | null;
}

// $1: units, $2: when, in seconds; 0: now. Then the timers that are due.
const PASS = `set -eu
units=$1 at=$2; shift 2
if [ "$at" = 0 ]; then at=$(date +%s); else date --set="@$((at - 1))" >/dev/null; fi
last() { systemctl list-timers --all --output=json "$1" | grep -o '"last":[0-9]*' | tr -dc 0-9; }
for timer; do until [ "$(last "$timer")" -ge "$at"000000 ]; do sleep 0.1; done; done
until
  systemctl start time-lapse-quiet.service
  [ -z "$(systemctl list-units --plain --no-legend --type=service --state=activating,active,deactivating "$units")" ]
do :; done
systemctl list-timers --all --output=json "$units"
echo "$at"
date +%s
`;

export class TimeLapse {
  readonly #host: UserMode;
  readonly #options: TimeLapseOptions;
  #timers: readonly Timer[] = [];

  private constructor(host: UserMode, options: TimeLapseOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** The timers are installed. */
  static async begin(host: UserMode, options: TimeLapseOptions): Promise<TimeLapse> {
    const lapse = new TimeLapse(host, options);
    const services = await host.tell('sh', '-c', SERVICES, 'sh', options.units);
    // Its start waits for whatever is being started of those that it is ordered after: nothing has to be asked again and again.
    const quiet = `[Unit]\nAfter=${services.replaceAll('\n', ' ')}\n[Service]\nType=oneshot\nExecStart=/bin/true\n`;
    await host.write('/etc/systemd/system/time-lapse-quiet.service', quiet);
    await host.exec(['systemctl', 'daemon-reload']);
    await lapse.settle();
    return lapse;
  }

  /** Until everything has ended that was started, for instance by a boot. */
  async settle(): Promise<Stop> {
    await this.#host.exec(['systemctl', 'stop', ...this.#options.stilled]);
    return await this.#pass(0, []);
  }

  /** The next time of a timer; null: none before `until`. */
  async next(until: Instant): Promise<Stop | null> {
    const coming = this.#timers.filter(({ next }) => next !== null);
    const at = Math.min(...coming.map(({ next }) => Math.floor((next ?? Infinity) / 1_000_000)));
    if (at * 1000 >= until) return null;
    const due = coming.filter(({ next }) => next !== null && next < (at + 1) * 1_000_000).map(({ unit }) => unit);
    return await this.#pass(at, due);
  }

  /** Off until then: what is due meanwhile is missed. */
  async sleepUntil(at: Instant): Promise<Stop> {
    await this.#host.shutdown();
    await this.#host.setClock(at);
    await this.#host.boot();
    return await this.settle();
  }

  async #pass(at: number, due: readonly string[]): Promise<Stop> {
    const { units, observe } = this.#options;
    const argv = [units, String(at), ...due];
    const { stdout } = await this.#host.sh(`${PASS}${observe}`, argv, { timeout: PATIENCE });
    const [timers = '[]', begin = '', end = '', ...observed] = stdout.split('\n');
    this.#timers = JSON.parse(timers) as Timer[]; // as systemctl prints them
    return { at: Number(begin), due, endedAt: Number(end), observed: observed.join('\n') };
  }
}

const SERVICES = `{ systemctl list-unit-files --plain --no-legend --type=service "$1" | cut -d' ' -f1
systemctl list-timers --all --plain --no-legend "$1" | grep -o '[^ ]*$'; } | grep '[.]service' | grep -v '@[.]service' | sort -u`;
const PATIENCE = duration(5, 'm');
