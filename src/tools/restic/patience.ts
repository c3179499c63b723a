// Gives up on a restic that goes on for no use, as its standard error tells: the repository does not answer its very first
// request, which it would repeat for 15 minutes; or it could not save, after which it should end but sometimes never does
// (0.18 on a disk that got full: about one time in twenty, all of its goroutines waiting for one another).

import { type Duration, duration, formatDuration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { classifyFailure } from './classify.ts';

const UNTIL_AN_ANSWER = duration(1, 'm');
/** Ending takes restic less than a second. */
const UNTIL_ITS_END = duration(10, 's');

/** 'Save(<data/919adff892>) failed: write ...: no space left on device': its last attempt. Locks it tries to save anew. */
const COULD_NOT_SAVE = /^Save\(<(?:data|index|snapshot)\/.*\) failed: /;
const ABOUT_THE_CONFIG = /\(<config\/>.*\) (?:returned error|failed)|retrying after.*config/;

export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #lines: string[] = [];
  readonly #limit: Duration;
  readonly #operation: string;
  readonly #subject: string;
  #timer: NodeJS.Timeout | null = null;

  /** `limit`: how long the repository may fail to answer. */
  constructor(operation: string, subject: string, limit: Duration = UNTIL_AN_ANSWER) {
    this.#limit = limit;
    this.#operation = operation;
    this.#subject = subject;
  }

  /** Its reason is the error: `repository-unreachable`, or what kept restic from saving. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A line of restic's standard error. */
  note(line: string): void {
    if (COULD_NOT_SAVE.test(line)) {
      this.#after(UNTIL_ITS_END, () => this.#classified([line]));
    } else if (ABOUT_THE_CONFIG.test(line)) {
      this.#lines.push(line);
      if (this.#lines.length > 5) this.#lines.shift();
      this.#after(this.#limit, () => this.#unreachable());
    } else if (this.#lines.length > 0) {
      this[Symbol.dispose](); // it got past the config, or reports the end
    }
  }

  /** The first of them stands. */
  #after(limit: Duration, error: () => HoldfastError): void {
    this.#timer ??= setTimeout(() => this.#controller.abort(error()), limit);
  }

  #unreachable(): HoldfastError {
    const { hint } = this.#classified(this.#lines);
    const reason = (this.#lines.at(-1) ?? '').replace(/^.*?retrying after [^:]*: /, '');
    return new HoldfastError({
      code: 'repository-unreachable',
      operation: this.#operation,
      subject: this.#subject,
      message: `the repository did not answer within ${formatDuration(this.#limit)}: ${reason}`,
      hint,
      retry: 'later',
      tool: { name: 'restic', exitCode: null, stderrTail: [...this.#lines] },
    });
  }

  #classified(stderrTail: readonly string[]): HoldfastError {
    return classifyFailure({ operation: this.#operation, subject: this.#subject, exitCode: null, stderrTail });
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lines.length = 0;
  }
}
