// What a unit is at one moment, from the properties that systemd tells.

import * as z from 'zod';
import type { Instant } from '../../domain/instant.ts';

/** By systemd's names for them, which `systemctl show` prints, too. */
export type Properties = Readonly<Record<string, unknown>>;

/** All of it comes again with every signal that tells of a change. */
export interface UnitState {
  /** Its own name, where an alias was asked for. */
  readonly id: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  /** The job that waits or works for it; 0 when there is none. */
  readonly job: number;
  readonly invocationId: string | null;
  readonly conditionsHold: boolean;
  /** Empty when it is no service. */
  readonly type: string;
  readonly remainAfterExit: boolean;
  readonly result: string;
  /** How often systemd has started it by itself since somebody did. */
  readonly restarts: number;
  /** The end of its main process; null when that has not ended, or there was none. */
  readonly exit: Exit | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
}

/** `status` is what it exited with, or the number of the signal. */
export interface Exit {
  readonly how: 'exited' | 'killed' | 'dumped';
  readonly status: number;
}

/** CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2). */
const ENDS = [null, 'exited', 'killed', 'dumped'] as const;

export function toExit(code: number, status: number): Exit | null {
  const how = ENDS[code] ?? null;
  return how && { how, status };
}

/** Microseconds of the wall clock; 0 is never. */
const time = z.bigint().transform((at) => (at === 0n ? null : (Number(at / 1000n) as Instant)));
const invocationId = z.instanceof(Uint8Array).transform((id) => (id.length === 0 ? null : Buffer.from(id).toString('hex')));

const shape = z
  .object({
    Id: z.string(),
    LoadState: z.string(),
    ActiveState: z.string(),
    SubState: z.string(),
    Job: z.tuple([z.number(), z.string()]),
    InvocationID: invocationId,
    ConditionResult: z.boolean(),
    Type: z.string().default(''),
    RemainAfterExit: z.boolean().default(false),
    Result: z.string().default('success'),
    NRestarts: z.number().default(0),
    ExecMainCode: z.number().default(0),
    ExecMainStatus: z.number().default(0),
    ExecMainStartTimestamp: time.default(null),
    ExecMainExitTimestamp: time.default(null),
  })
  .transform((unit): UnitState => ({
    id: unit.Id,
    load: unit.LoadState,
    active: unit.ActiveState,
    sub: unit.SubState,
    job: unit.Job[0],
    invocationId: unit.InvocationID,
    conditionsHold: unit.ConditionResult,
    type: unit.Type,
    remainAfterExit: unit.RemainAfterExit,
    result: unit.Result,
    restarts: unit.NRestarts,
    exit: toExit(unit.ExecMainCode, unit.ExecMainStatus),
    startedAt: unit.ExecMainStartTimestamp,
    endedAt: unit.ExecMainExitTimestamp,
  }));

/** Throws when it is of another shape. */
export const parseState = (properties: Properties): UnitState => shape.parse(properties);
