// The databases of a server, dumped into a spool that restic sees at a place that is the same for every copy. The files of
// the server itself are left out: copied while it writes they are of no use.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpsConfig } from '../../config/configuration.ts';
import { type DumpFigure, emptied } from '../../domain/database-dumps.ts';
import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { type Bind, requireBinds } from '../../tools/util-linux/mount-namespace.ts';
import type { SourceView } from '../source.ts';
import type { DumpDesk } from './desk.ts';

export interface DumpSourceOptions {
  readonly service: string;
  /** The job, in errors and in the spool's name. */
  readonly subject: string;
  readonly spoolRoot: string;
  readonly desk: DumpDesk;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly former: readonly DumpFigure[];
  /** A server without databases of its own is a success. */
  readonly allowEmpty: boolean;
  readonly fresh: boolean;
}

export interface DumpView extends SourceView, AsyncDisposable {
  /** Not later than what was dumped. */
  readonly at: Instant;
}

/** What is on record of a set, as `detail` puts it there. */
export const DETAIL = 'dumps';

/** As `Source.open`. */
export async function openDumps(dumps: DumpsConfig, options: DumpSourceOptions, context: StepContext): Promise<DumpView> {
  const { service, subject, former, allowEmpty, fresh, user } = options;
  await requireBinds(subject, user, context.signal);
  const directory = join(options.spoolRoot, `${context.runId}-${encodeURIComponent(subject)}-dumps`);
  const { place } = dumps;
  await mkdir(place, { recursive: true, mode: 0o700 }); // empty, for good: what is bound over it differs each time
  const held = await options.desk.hold({ service, subject, dumps, former, directory, fresh }, context);
  const { server, files, databases, ofEveryServer, places, shortcomings, at } = held;
  const binds: Bind[] = [{ from: directory, over: place }];
  const nothing = allowEmpty ? null : emptied(databases, former, ofEveryServer);
  const figures: DumpFigure[] = databases.map(({ name, size, bytes }) => ({ name, size, bytes }));
  return {
    at,
    binds,
    expected: [...files, ...databases.map(({ file }) => file)].map((file) => join(place, file)),
    leftOut: places,
    shortcomings: [...shortcomings, ...(nothing === null ? [] : [nothing])],
    detail: { server, [DETAIL]: figures.map((each) => ({ ...each })) },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

/** The figures of a set by what is on record of it; none where there is no record. */
export function figuresIn(detail: unknown): DumpFigure[] {
  const figures = typeof detail === 'object' && detail !== null && DETAIL in detail ? detail[DETAIL] : [];
  return Array.isArray(figures) ? (figures as DumpFigure[]) : []; // as openDumps wrote them
}
