// `restic check`: is everything there that the repository refers to, and can it be read with the key? As text: its --json has
// the very same messages, but no progress, and in 0.17 nothing at all. Nothing it says is damage unless restic itself concludes
// that the repository has errors; what it could not get at says nothing about what lies there.

import type { Slice } from '../../domain/verification.ts';
import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { classifyFailure } from './classify.ts';
import { plainLines } from './error-lines.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { unexpectedOutput } from './json-lines.ts';

export interface CheckRequest {
  /** What of the data is read, too; null: none of it. */
  readonly slice: Slice | null;
  /**
   * Index and trees go through a cache that is made for this check and removed after it: worth its space where each request is
   * a round trip. The cache of backups (--with-cache) is never asked: it would answer for what is damaged in the repository.
   */
  readonly cache: boolean;
  readonly retryLock?: Duration | undefined;
}

export interface CheckFlaw {
  readonly directory: 'data' | 'index' | 'snapshots' | 'keys' | 'config' | 'structure';
  /** The name, or its first digits where restic abbreviates it; empty where there is none. */
  readonly name: string;
  readonly problem: 'missing' | 'damaged';
}

export interface CheckAnswer {
  /** None: all is well. */
  readonly flaws: readonly CheckFlaw[];
}

export interface CheckOptions extends ResticOptions {
  /** How many of how many packs or snapshots. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

const OPERATION = 'check';

export const checkArgs = ({ slice, cache }: CheckRequest): string[] => [
  'check',
  ...(cache ? [] : ['--no-cache']),
  ...(slice === null ? [] : [`--read-data-subset=${slice.index}/${slice.of}`]),
];

/** It got through the index, the snapshots and the data, and this is what it concludes. */
const CONCLUSION = 'Fatal: repository contains errors';
/** What keeps restic from getting at something. */
const NO_ACCESS =
  /connection|connect:|timeout|timed out|deadline|refused|network|no route|unreachable|\bEOF\b|broken pipe|TLS|x509|unexpected(?: HTTP response)?:? \(?[45]\d\d|permission denied|access denied|forbidden|not permitted|transport endpoint|stale (?:NFS )?file handle|not connected|no such device/i;
/** Names of files in snapshots: they may be anything. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

const ID = '([0-9a-f]{8,64})';
type Reading = readonly [pattern: RegExp, directory: CheckFlaw['directory'], problem: CheckFlaw['problem']];
/** The first that matches a line tells what it is about. */
const READINGS: readonly Reading[] = [
  [new RegExp(`^pack ${ID}: does not exist`), 'data', 'missing'],
  [new RegExp(`^pack ${ID}(?::| contains \\d+ errors?)`), 'data', 'damaged'],
  [new RegExp(`decrypting blob .* from (?:pack )?${ID} failed`), 'data', 'damaged'],
  [new RegExp(`<data/${ID}>.*: no such file`), 'data', 'missing'],
  [new RegExp(`<data/${ID}>.*\\) failed: `), 'data', 'damaged'],
  [new RegExp(`/data/[0-9a-f]{2}/${ID}: no such file`), 'data', 'missing'],
  [new RegExp(`/data/[0-9a-f]{2}/${ID}: `), 'data', 'damaged'],
  [new RegExp(`error loading index ${ID}`), 'index', 'damaged'],
  [new RegExp(`(?:failed to load snapshot|snapshot error) ${ID}.*: no such file`), 'snapshots', 'missing'],
  [new RegExp(`(?:failed to load snapshot|snapshot error) ${ID}`), 'snapshots', 'damaged'],
  [/ not found in (?:repository|index)$| could not be found$/, 'structure', 'missing'],
];
/** Before it came to that: it cannot be opened. */
const OPENING: readonly Reading[] = [
  [/config or key [0-9a-f]+ is damaged/, 'config', 'damaged'], // the key opened: it is the config
  [new RegExp(`LoadRaw\\(<key/${ID}>\\): invalid data`), 'keys', 'damaged'],
  [/LoadRaw\(<config\/[0-9a-f]*>\): invalid data|Load\(<config.*invalid/, 'config', 'damaged'],
];

/**
 * What restic found. Throws `tool-output` when it ended well without having said so, and what keeps it from looking when it
 * did not get at everything: then nothing it says is worth anything, for a repository that is gone has no packs either.
 */
export class CheckOutput {
  readonly #subject: string;
  readonly #request: CheckRequest;
  readonly #onProgress: CheckOptions['onProgress'];
  readonly #flaws = new Flaws();
  readonly #opening = new Flaws();
  #unread: string | null = null;
  #panic: string | null = null;
  #concluded = false;
  #wellSaid = false;
  #dataRead = false;

  constructor(subject: string, request: CheckRequest, onProgress?: CheckOptions['onProgress']) {
    this.#subject = subject;
    this.#request = request;
    this.#onProgress = onProgress;
  }

  readonly line = (line: string): void => {
    const progress = /^\[[\d:]+\]\s+[\d.]+%\s+(\d+) \/ (\d+) (\w+)/.exec(line);
    if (progress) this.#onProgress?.(Number(progress[1]), Number(progress[2]), progress[3] ?? '');
    else if (line === 'no errors were found') this.#wellSaid = true;
    else if (/^read (?:all data|group #\d+ of \d+ data packs)/.test(line)) this.#dataRead = true;
  };

  readonly errorLine = (line: string): void => {
    for (const text of plainLines([line])) {
      if (text === CONCLUSION) this.#concluded = true;
      else if (text.startsWith('panic: ')) this.#panic ??= text;
      else if (/returned error, retrying after/.test(text)) continue; // how that ended is told, too
      else if (NO_ACCESS.test(text.replaceAll(QUOTED, ''))) this.#unread ??= text.trim();
      else {
        this.#flaws.note(text, READINGS);
        this.#opening.note(text, OPENING);
      }
    }
  };

  /** `stderrTail` are restic's last lines. */
  answer(exitCode: number, stderrTail: readonly string[]): CheckAnswer {
    if (exitCode === 0) {
      if (this.#wellSaid && (this.#request.slice === null || this.#dataRead)) return { flaws: [] };
      throw unexpectedOutput(OPERATION, this.#subject, 'restic check ended well without saying that it found no errors');
    }
    if (!this.#concluded) {
      if (this.#opening.found.length > 0) return { flaws: this.#opening.found };
      if (this.#panic !== null) throw this.#crashed(this.#panic);
      throw classifyFailure({ operation: OPERATION, subject: this.#subject, exitCode, stderrTail });
    }
    if (this.#unread !== null) throw this.#unreadable(this.#unread, stderrTail);
    const { found } = this.#flaws;
    return { flaws: found.length > 0 ? found : [{ directory: 'structure', name: '', problem: 'damaged' }] };
  }

  #unreadable(line: string, stderrTail: readonly string[]): HoldfastError {
    const { code, hint, tool } = classifyFailure({
      operation: OPERATION,
      subject: this.#subject,
      exitCode: 1,
      stderrTail: [`Fatal: ${line}`],
    });
    const known = code === 'permission-denied' || code === 'repository-unreachable';
    return new HoldfastError({
      code: known ? code : 'repository-unreachable',
      operation: OPERATION,
      subject: this.#subject,
      message: `not everything could be read, so that nothing is known: ${line}`,
      hint,
      retry: 'later',
      tool: tool && { ...tool, stderrTail: plainLines(stderrTail) },
    });
  }

  /** A Go program that stumbles over a file that is too short (0.18 and 0.19: fewer than 16 bytes). */
  #crashed(panic: string): HoldfastError {
    return new HoldfastError({
      code: 'tool-failed',
      operation: OPERATION,
      subject: this.#subject,
      message: `restic crashed on what it read (${panic})`,
      hint: `Usually a file of the repository is cut short. On the machine that holds it, \`holdfast verify ${this.#subject} --keyless\` names it.`,
      retry: 'never',
      tool: { name: 'restic', exitCode: 2, stderrTail: [panic] },
    });
  }
}

/** The same file may be told of in several ways, and by a longer or a shorter name. */
class Flaws {
  readonly #flaws = new Map<string, CheckFlaw>();

  get found(): readonly CheckFlaw[] {
    return [...this.#flaws.values()];
  }

  note(line: string, readings: readonly Reading[]): void {
    for (const [pattern, directory, problem] of readings) {
      const match = pattern.exec(line);
      if (!match) continue;
      this.#add({ directory, name: match[1] ?? '', problem });
      return;
    }
  }

  #add(flaw: CheckFlaw): void {
    for (const [key, known] of this.#flaws) {
      if (known.directory !== flaw.directory) continue;
      if (known.name.startsWith(flaw.name)) return;
      if (flaw.name.startsWith(known.name)) this.#flaws.delete(key);
    }
    this.#flaws.set(`${flaw.directory}/${flaw.name}`, flaw);
  }
}

/**
 * Checks the repository under an exclusive lock of restic's own. Resolves with what is damaged; throws when it could not be
 * checked: `repository-unreachable`, `wrong-password`, `repository-locked`, ...
 */
export async function resticCheck(access: ResticAccess, request: CheckRequest, options: CheckOptions): Promise<CheckAnswer> {
  const output = new CheckOutput(access.subject, request, options.onProgress);
  const { exitCode, stderrTail } = await invokeRestic(
    access,
    {
      args: checkArgs(request),
      operation: OPERATION,
      json: false,
      accept: [0, 1, 2],
      retryLock: request.retryLock,
      onLine: output.line,
      onErrorLine: output.errorLine,
    },
    options,
  );
  return output.answer(exitCode, stderrTail);
}
