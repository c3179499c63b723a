// An S3 server of its own, in memory, in a process that answers also while a test waits for a program.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const BUCKET = 'backups';

export class ObjectStore implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  static async start(): Promise<ObjectStore> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 's3-process.ts'), BUCKET], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) return new ObjectStore(child, Number(line));
    throw new Error('the S3 server did not start');
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** It is gone, with everything in it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
