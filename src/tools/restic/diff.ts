// `restic diff`: what changed from one snapshot to another, streamed, with the totals at the end.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import type { Duration } from '../../domain/duration.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, messageType, unexpectedOutput } from './json-lines.ts';

export interface DiffRequest {
  readonly from: string;
  readonly to: string;
  /** Also entries of which only mode, times or owner changed. */
  readonly metadata?: boolean;
  readonly retryLock?: Duration | undefined;
}

export interface Change {
  readonly path: string;
  /** '+' added, '-' removed, 'M' content, 'U' metadata, 'T' type, '?' content without any other change (bit rot); may be joined. */
  readonly modifier: string;
}

export interface DiffSide {
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  readonly bytes: Bytes;
}

export interface DiffSummary {
  readonly from: string;
  readonly to: string;
  readonly changedFiles: number;
  readonly added: DiffSide;
  readonly removed: DiffSide;
}

export interface DiffOptions extends ResticOptions {
  readonly onChange?: (change: Change) => void;
}

const OPERATION = 'compare snapshots in';

export const diffArgs = (request: DiffRequest): string[] => [
  'diff',
  ...(request.metadata ? ['--metadata'] : []),
  '--',
  request.from,
  request.to,
];

const count = z.number().int();
const side = z.object({ files: count, dirs: count, others: count, bytes: count });
const statistics = z.object({
  source_snapshot: fullId,
  target_snapshot: fullId,
  changed_files: count,
  added: side,
  removed: side,
});
const changeShape = z.object({ path: z.string(), modifier: z.string() });

export class DiffOutput {
  readonly #subject: string;
  readonly #onChange: ((change: Change) => void) | undefined;
  #statistics: z.infer<typeof statistics> | null = null;
  #oddity: string | null = null;

  constructor(subject: string, onChange?: (change: Change) => void) {
    this.#subject = subject;
    this.#onChange = onChange;
  }

  readonly line = (line: string): void => {
    if (line.trim() === '') return;
    const value = parseJson(line);
    const type = messageType(value);
    const change = type === 'change' ? changeShape.safeParse(value).data : undefined;
    if (change) this.#onChange?.({ path: change.path, modifier: change.modifier });
    else if (type === 'statistics') this.#statistics = statistics.safeParse(value).data ?? null;
    else this.#oddity ??= line;
  };

  /** Throws `tool-output` without restic's totals, or when a line was not understood. */
  summary(): DiffSummary {
    const raw = this.#statistics;
    if (!raw || this.#oddity !== null) {
      throw unexpectedOutput(
        OPERATION,
        this.#subject,
        `restic printed no totals, or something unexpected: ${(this.#oddity ?? '').slice(0, 120)}`,
      );
    }
    return {
      from: raw.source_snapshot,
      to: raw.target_snapshot,
      changedFiles: raw.changed_files,
      added: toSide(raw.added),
      removed: toSide(raw.removed),
    };
  }
}

const toSide = (raw: z.infer<typeof side>): DiffSide => ({
  files: raw.files,
  directories: raw.dirs,
  others: raw.others,
  bytes: raw.bytes as Bytes, // restic counts bytes
});

/** Compares two snapshots; each change goes to `onChange`. */
export async function resticDiff(access: ResticAccess, request: DiffRequest, options: DiffOptions): Promise<DiffSummary> {
  const output = new DiffOutput(access.subject, options.onChange);
  await invokeRestic(
    access,
    { args: diffArgs(request), operation: OPERATION, retryLock: request.retryLock, onLine: output.line },
    options,
  );
  return output.summary();
}
