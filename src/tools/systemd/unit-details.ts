// What systemd says of a unit only when it is asked, from its properties. It forgets all of it when it unloads the unit, which
// it does as soon as nobody needs a unit that has not failed.

import * as z from 'zod';
import { type Exit, type Properties, toExit } from './unit-state.ts';

export interface UnitDetails {
  /** Why it could not be loaded; empty when it could. */
  readonly loadError: string;
  readonly triggeredBy: readonly string[];
  /** Without these it does not start. */
  readonly requires: readonly string[];
  readonly conditions: readonly Check[];
  readonly asserts: readonly Check[];
  readonly failures: readonly CommandFailure[];
}

export interface Check {
  /** As it stands in the unit: 'ConditionPathExists=!/srv/data'. */
  readonly text: string;
  /** One of those that begin with '|', of which a single one has to hold. */
  readonly either: boolean;
  /** Null when it has not been looked at. */
  readonly holds: boolean | null;
}

export interface CommandFailure {
  /** 'ExecStartPre=/bin/mount': without its arguments, which may be secret. */
  readonly command: string;
  readonly exit: Exit;
}

const names = z.array(z.string()).default([]);
const checks = z.array(
  z
    .tuple([z.string(), z.boolean(), z.boolean(), z.string(), z.number()])
    .transform(([kind, either, negated, parameter, state]): Check => ({
      text: `${kind}=${either ? '|' : ''}${negated ? '!' : ''}${parameter}`,
      either,
      holds: state === 0 ? null : state > 0,
    })),
);

const shape = z.object({
  LoadError: z.tuple([z.string(), z.string()]),
  TriggeredBy: names,
  Requires: names,
  Requisite: names,
  BindsTo: names,
  Conditions: checks,
  Asserts: checks,
});

const COMMANDS = ['ExecCondition', 'ExecStartPre', 'ExecStart', 'ExecStartPost', 'ExecStop', 'ExecStopPost'];
/** Program, arguments, whether it may fail, four times, and its pid; then how it ended. */
const commands = z
  .array(z.tuple([z.string(), z.unknown(), z.boolean(), ...times(), z.number(), z.number(), z.number()]))
  .default([]);

function times(): [z.ZodBigInt, z.ZodBigInt, z.ZodBigInt, z.ZodBigInt] {
  return [z.bigint(), z.bigint(), z.bigint(), z.bigint()];
}

/** Throws when they are of another shape. */
export function parseDetails(properties: Properties): UnitDetails {
  const unit = shape.parse(properties);
  return {
    loadError: unit.LoadError[1],
    triggeredBy: unit.TriggeredBy,
    requires: [...unit.Requires, ...unit.Requisite, ...unit.BindsTo],
    conditions: unit.Conditions,
    asserts: unit.Asserts,
    failures: COMMANDS.flatMap((kind) => commandFailures(kind, properties[kind])),
  };
}

const commandFailures = (kind: string, list: unknown): CommandFailure[] =>
  commands.parse(list).flatMap(([program, , mayFail, , , , , , code, status]) => {
    const exit = toExit(code, status);
    const failed = exit !== null && !mayFail && (exit.how !== 'exited' || exit.status !== 0);
    return failed ? [{ command: `${kind}=${program}`, exit }] : [];
  });
