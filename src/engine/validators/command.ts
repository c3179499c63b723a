// A program of the user's that says whether restored data is good. It runs in a sandbox, or not at all.

import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { duration, type Duration, formatDuration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { inSandbox, requireSandbox } from '../../tools/util-linux/sandbox.ts';
import { fine, type Finding, placeOfPath, type RestoredService, writableFor, wrong } from './restored.ts';

interface Wanted {
  readonly argv: readonly [string, ...string[]];
  readonly timeout: Duration;
  readonly cwd: string | null;
}

const TAIL_LINES = 20;
const LINE_WIDTH = 300;
/** What the program is told of our environment; anything else may hold a secret. */
const PASSED_ON = /^(?:PATH|LANG|LANGUAGE|LC_.*|TZ|TERM)$/;

/** Of a shell, and of setpriv: not found, or no program; the last is the sandbox's own. */
const NOT_STARTED: ReadonlySet<number> = new Set([97, 126, 127]);

/** Throws `unsupported` where no sandbox can be made. */
export async function validateWithCommand(wanted: Wanted, restored: RestoredService, signal: AbortSignal): Promise<Finding> {
  const { argv, timeout } = wanted;
  const home = await placeOfPath(restored, '.');
  if ('problem' in home) return wrong(`${restored.home}: ${home.problem}`);
  const start = wanted.cwd === null ? home : await placeOfPath(restored, wanted.cwd);
  if ('problem' in start) return wrong(`${wanted.cwd ?? ''}: ${start.problem}`);
  const isDirectory = (await lstat(start.path)).isDirectory();
  const { hidden, user } = restored;
  const sandbox = {
    writable: writableFor(restored, home.path),
    cwd: isDirectory ? start.path : dirname(start.path),
    hidden,
    user,
  };
  await requireSandbox(sandbox, argv[0], signal);
  const lines: string[] = [];
  const note = (line: string): void => {
    if (line.trim() === '') return;
    lines.push(line.slice(0, LINE_WIDTH));
    if (lines.length > TAIL_LINES) lines.shift();
  };
  try {
    const { exitCode, endedBy } = await runProcess(
      { argv: inSandbox(sandbox, argv), operation: 'run', subject: argv[0], env: environment(restored, home.path) },
      { signal, timeout, grace: duration(1, 's'), onLine: note, onErrorLine: note },
    );
    if (exitCode === 0) return fine();
    if (exitCode !== null && NOT_STARTED.has(exitCode)) {
      return {
        ok: null,
        message: `${argv[0]} could not be started: is it there for whoever sees no /tmp and no /run?`,
        lines,
      };
    }
    const how = exitCode === null ? `was ended by ${endedBy ?? 'a signal'}` : `ended with exit code ${exitCode}`;
    return wrong(`${argv[0]} ${how}`, lines);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'timed-out') throw error;
    return wrong(`${argv[0]} did not end within ${formatDuration(timeout)}`, lines);
  }
}

function environment({ service, snapshotId }: RestoredService, data: string): Record<string, string | undefined> {
  const taken = Object.keys(process.env).filter((name) => !PASSED_ON.test(name));
  return {
    ...Object.fromEntries(taken.map((name) => [name, undefined])),
    HOME: '/tmp',
    HOLDFAST_SERVICE: service,
    HOLDFAST_SNAPSHOT: snapshotId,
    HOLDFAST_DATA: data,
  };
}
