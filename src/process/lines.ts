// Text that arrives in chunks, as whole lines.

import { StringDecoder } from 'node:string_decoder';

/** What is longer is cut there: a tool that prints garbage must not fill the memory. */
export const MAX_LINE = 4 * 1024 * 1024;

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #parts: string[] = [];
  #length = 0;
  #afterReturn = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  end(): void {
    this.#take(this.#decoder.end());
    if (this.#length > 0) this.#flush();
  }

  #take(text: string): void {
    if (text === '') return;
    // '\r\n' may arrive in two chunks
    const start = this.#afterReturn && text.startsWith('\n') ? 1 : 0;
    this.#afterReturn = text.endsWith('\r');
    const lines = text.slice(start).split(/\r?\n|\r/);
    for (const [index, line] of lines.entries()) {
      if (index > 0) this.#flush();
      this.#append(line);
    }
  }

  /** Parts are joined once: joining at each chunk would take quadratic time for a very long line. */
  #append(part: string): void {
    const room = MAX_LINE - this.#length;
    if (part === '' || room <= 0) return;
    this.#parts.push(part.slice(0, room));
    this.#length += Math.min(part.length, room);
  }

  #flush(): void {
    const line = this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    this.#onLine(line);
  }
}
