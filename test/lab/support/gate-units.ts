// Units of backups that do what a test needs: they take some time, fail, hang or refuse, and say when they began and ended.

import type { Host } from '../../../lab/host.ts';

/** What the unit does; `$1` is the file in which it says so. */
export type Section = Readonly<Record<string, unknown>>;

export interface UnitText {
  readonly name: string;
  /** Shell, as systemd reads it (`%n` is the unit, `$$` one dollar); default: nothing. */
  readonly script?: string;
  /** More lines of the [Service] section. */
  readonly service?: string;
  /** More lines of the [Unit] section. */
  readonly unit?: string;
  /** More sections. */
  readonly more?: string;
}

export const LOG = '/run/gate.log';

/** `begin NAME`, what it does, `end NAME`, each with nanoseconds since the epoch. */
export const unitFile = ({ name, script = ':', service = '', unit = '', more = '' }: UnitText): string => `[Unit]
Description=${name}
StartLimitIntervalSec=0
${unit}

[Service]
Type=oneshot
${service}
ExecStart=/bin/sh -c 'echo "begin %n $(date +%%s%%N)" >>${LOG}; ${script}; code=$?; echo "end %n $(date +%%s%%N)" >>${LOG}; exit $code'
${more}
`;

/** Writes them all and has systemd read them. */
export async function install(host: Host, units: readonly UnitText[]): Promise<void> {
  for (const unit of units) {
    await host.write(`/etc/systemd/system/${unit.name}.service`, unitFile(unit));
  }
  await host.sh('systemctl daemon-reload');
}

export interface Span {
  readonly name: string;
  readonly begin: bigint;
  readonly end: bigint;
}

/** What has run since the log was emptied; `end` is the far future for what has not ended. */
export async function spans(host: Host): Promise<Span[]> {
  const text = await host.tell('sh', '-c', `cat ${LOG} 2>/dev/null || :`);
  const lines = text.split('\n').map((line) => line.split(' '));
  const endOf = new Map(lines.filter(([word]) => word === 'end').map(([, name, at]) => [name, BigInt(at ?? 0)]));
  return lines
    .filter(([word]) => word === 'begin')
    .map(([, name = '', at]) => ({ name, begin: BigInt(at ?? 0), end: endOf.get(name) ?? 2n ** 62n }));
}

/** How many of them were at work at once, at most. */
export function mostAtOnce(of: readonly Span[]): number {
  const moments = of.map(({ begin }) => begin);
  return Math.max(0, ...moments.map((at) => of.filter(({ begin, end }) => begin <= at && at < end).length));
}
