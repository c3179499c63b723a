// A service on a host of the lab that waits for its data: whether its unit started, and what is said where it did not.

import type { Host } from '../../../lab/host.ts';
import { eventually } from './eventually.ts';

/** Nothing of what is below these paths may change: names, kinds, modes, owners, times and content. */
const PRINT = String.raw`for path; do find "$path" -xdev -printf '%p %y %m %U:%G %s %T@ %l\n' | sort; find "$path" -xdev -type f -print0 | sort -z | xargs -0r sha256sum; done`;

export const printOf = async (host: Host, ...paths: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set((await host.tell('sh', '-c', PRINT, 'sh', ...paths)).split('\n'));

export class Recovering {
  readonly #host: Host;
  readonly #name: string;
  readonly #unit: string;

  constructor(host: Host, name: string, unit: string) {
    this.#host = host;
    this.#name = name;
    this.#unit = unit;
  }

  get recover(): string {
    return `holdfast-recover@${this.#name}.service`;
  }

  get again(): string {
    return `holdfast-recover-again@${this.#name}.timer`;
  }

  async show(unit: string, property: string): Promise<string> {
    return await this.#host.tell('systemctl', 'show', '-P', property, unit);
  }

  /** Until it is known whether its data is there: where its mount fails its unit is given up before that. */
  async start(): Promise<void> {
    await this.#host.exec(['systemctl', 'start', this.#unit], { anyExit: true });
    await eventually(async () => (await this.state(this.recover)) !== 'activating');
  }

  async state(unit = this.#unit): Promise<string> {
    return await this.show(unit, 'ActiveState');
  }

  /** What somebody reads who asks why. */
  async reason(): Promise<string> {
    const status = ['systemctl', 'status', '--no-pager', '--full', '--lines=30', this.recover] as const;
    return (await this.#host.exec(status, { anyExit: true })).stdout;
  }

  /** Its timer looks each second whether it is time to try again, and not every five minutes. */
  async lookSoon(): Promise<void> {
    const soon = '[Timer]\nOnActiveSec=\nOnActiveSec=1s\nOnUnitInactiveSec=1s\n'; // an empty one takes all times away
    await this.#host.write(`/etc/systemd/system/${this.again}.d/soon.conf`, soon);
    await this.#host.exec(['systemctl', 'daemon-reload']);
  }

  /** As if its last try had been an hour ago. */
  async anHourLater(): Promise<void> {
    const query = `update steps set ended_at = ended_at - 3600000 where id = 'recover:${this.#name}'`;
    await this.#host.exec(['sqlite3', '/var/lib/holdfast/journal.db', query]);
  }

  /** Trying again does not help: a person has to do something. */
  async givenUp(): Promise<void> {
    await eventually(async () => (await this.state(this.again)) === 'inactive');
  }
}
