// `restic ls`: the entries of one snapshot, streamed. The first line describes the snapshot and is no entry.

import { parseJson } from '../../lib/json.ts';
import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { messageType, unexpectedOutput } from './json-lines.ts';
import { nodeShape, type SnapshotNode, toNode } from './node.ts';
import { type Snapshot, snapshotShape, toSnapshot } from './snapshots.ts';

export interface LsRequest {
  readonly snapshotId: string;
  /** Absolute directories in the snapshot; everything when empty. */
  readonly paths?: readonly string[];
  /** Below `paths` at any depth, not only their own entries. */
  readonly recursive?: boolean;
  readonly retryLock?: Duration | undefined;
}

export interface LsOptions extends ResticOptions {
  readonly onNode: (node: SnapshotNode) => void;
}

export interface LsSummary {
  readonly snapshot: Snapshot;
  readonly nodes: number;
}

const OPERATION = 'list the files in';

export const lsArgs = (request: LsRequest): string[] => [
  'ls',
  ...(request.recursive ? ['--recursive'] : []),
  '--',
  request.snapshotId,
  ...(request.paths ?? []),
];

export class LsOutput {
  readonly #subject: string;
  readonly #onNode: (node: SnapshotNode) => void;
  #snapshot: Snapshot | null = null;
  #nodes = 0;
  #oddity: string | null = null;

  constructor(subject: string, onNode: (node: SnapshotNode) => void) {
    this.#subject = subject;
    this.#onNode = onNode;
  }

  readonly line = (line: string): void => {
    if (line.trim() === '') return;
    const value = parseJson(line);
    const type = messageType(value);
    if (type === 'node') this.#takeNode(value, line);
    else if (type === 'snapshot') this.#takeSnapshot(value, line);
    else this.#oddity ??= line;
  };

  /** Throws `tool-output` unless the header came and every line was understood: half a list must not pass for the whole. */
  summary(): LsSummary {
    if (this.#oddity !== null) {
      throw unexpectedOutput(OPERATION, this.#subject, `restic printed something unexpected: ${this.#oddity.slice(0, 120)}`);
    }
    if (!this.#snapshot) throw unexpectedOutput(OPERATION, this.#subject, 'restic did not say which snapshot it listed');
    return { snapshot: this.#snapshot, nodes: this.#nodes };
  }

  #takeNode(value: unknown, line: string): void {
    const { data } = nodeShape.safeParse(value);
    if (!data) {
      this.#oddity ??= line;
      return;
    }
    this.#nodes += 1;
    this.#onNode(toNode(data));
  }

  #takeSnapshot(value: unknown, line: string): void {
    const { data } = snapshotShape.safeParse(value);
    try {
      if (data) this.#snapshot = toSnapshot(data, OPERATION, this.#subject);
      else this.#oddity ??= line;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#oddity ??= line; // its time is none
    }
  }
}

/** Streams the entries of a snapshot to `onNode`. */
export async function resticLs(access: ResticAccess, request: LsRequest, options: LsOptions): Promise<LsSummary> {
  const output = new LsOutput(access.subject, options.onNode);
  await invokeRestic(
    access,
    { args: lsArgs(request), operation: OPERATION, retryLock: request.retryLock, onLine: output.line },
    options,
  );
  return output.summary();
}
