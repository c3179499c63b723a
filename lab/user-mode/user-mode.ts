// A host with a kernel of its own that is an ordinary program: several times quicker than an emulated machine, with a clock that
// can be set, and without OpenZFS, data disks or a network.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeDuration, duration, type Duration } from '../../src/domain/duration.ts';
import { elapsed, type Instant } from '../../src/domain/instant.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { shellWord } from '../../src/lib/shell-word.ts';
import { limitTime } from '../../src/lib/time-limit.ts';
import { BaseHost } from '../base-host.ts';
import { BOOT_LIMIT } from '../command.ts';
import type { ExecOptions, Executed } from '../host.ts';
import { execInMachine, writeInPieces } from '../machine/guest-agent.ts';
import { JsonSocket } from '../machine/json-socket.ts';
import { type Long, startLong } from '../sealed.ts';
import { type UserModeHardware, userModeScript } from './linux.ts';
import { makeRegisters } from './registers.ts';
import { SerialLine } from './serial-line.ts';

export interface UserModeSpec extends UserModeHardware {
  readonly runId: string;
  readonly directory: string;
}

export class UserMode extends BaseHost {
  readonly #spec: UserModeSpec;
  readonly #files: { readonly line: string; readonly agent: string; readonly console: string; readonly script: string };
  #clockOffset: Duration;
  #longOnes = 0;

  constructor(spec: UserModeSpec) {
    super(spec.name, spec.directory);
    this.#spec = spec;
    this.#clockOffset = spec.clockOffset;
    const at = (name: string): string => join(spec.directory, name);
    this.#files = { line: at('line'), agent: at('agent'), console: at('console.log'), script: at('start') };
  }

  /** For those who use it without us. */
  get agent(): string {
    return this.#files.agent;
  }

  protected async start(started: (long: Long) => void): Promise<void> {
    const { line, agent, console, script } = this.#files;
    const { runId, name } = this.#spec;
    for (const file of [line, agent]) rmSync(file, { force: true });
    const hardware = { ...this.#spec, clockOffset: this.#clockOffset };
    const library = await makeRegisters(this.#spec.directory);
    writeFileSync(script, userModeScript(hardware, console, library), { mode: 0o755 });
    const serial = await SerialLine.open({ line, speakers: agent });
    const command: [string, ...string[]] = ['socat', `UNIX-CONNECT:${line}`, `EXEC:${script},nofork`];
    const kernel = await startLong({ argv: command, operation: 'boot', subject: name }, { runId, name });
    started(kernel);
    const trouble = new AbortController();
    const gone = (): void => {
      serial[Symbol.dispose]();
      trouble.abort(this.failure('boot', `its kernel ended\n${this.#lastWords()}`));
    };
    void kernel.ended.then(gone, gone);
    using limit = limitTime(BOOT_LIMIT, () =>
      this.failure('boot', `its agent did not answer within ${describeDuration(BOOT_LIMIT)}\n${this.#lastWords()}`),
    );
    await this.#agentAnswers(AbortSignal.any([limit.signal, trouble.signal]));
  }

  protected plugIn(): Promise<void> {
    return Promise.resolve(); // it has no network
  }

  protected async execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed> {
    const { agent } = this.#files;
    const { stdin = '', ...others } = options;
    if (Buffer.byteLength(stdin) + Buffer.byteLength(argv.join('')) < LONGEST) {
      return await execInMachine(agent, this.name, argv, options);
    }
    // The kernel's serial line stops for ever when more is said to it than it has room for.
    const at = `/run/lab-exec-${(this.#longOnes += 1)}`;
    await writeInPieces(agent, `${at}.in`, stdin, LONGEST);
    const script = `rm -- ${at}.sh\nexec <${at}.in\nrm -- ${at}.in\nexec ${argv.map(shellWord).join(' ')}\n`;
    await writeInPieces(agent, `${at}.sh`, script, LONGEST);
    return await execInMachine(agent, this.name, ['sh', `${at}.sh`], others);
  }

  /** From now on, and after every boot. While it is off: what it shows when it is booted. */
  async setClock(to: Instant): Promise<void> {
    if (this.runs) await this.exec(['date', '--set', new Date(to).toISOString()]);
    this.#clockOffset = elapsed(systemClock.now(), to);
  }

  /** Nothing tells that it listens, and what is said to a line without a listener is lost: it is said again. */
  async #agentAnswers(signal: AbortSignal): Promise<void> {
    for (let id = 1; ; id += 1) {
      signal.throwIfAborted();
      using agent = await JsonSocket.connect(this.#files.agent);
      const hangUp = setTimeout(() => agent[Symbol.dispose](), PATIENCE);
      using _timer = { [Symbol.dispose]: () => clearTimeout(hangUp) };
      agent.send({ execute: 'guest-sync', arguments: { id } });
      const answered = agent
        .until((message) => message['return'] === id)
        .then(
          () => true,
          () => false, // we hung up, or the kernel ended
        );
      if (await answered) return;
    }
  }

  /** What its console showed. */
  #lastWords(): string {
    try {
      return readFileSync(this.#files.console, 'utf8').slice(-2000);
    } catch {
      return ''; // it had none yet
    }
  }
}

/** Bytes of a command; they travel as base64, in a room of 4096. */
const LONGEST = 1500;

const PATIENCE = duration(1, 's');
