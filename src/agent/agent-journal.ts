// The journal as the agent has it: open all the time, and opened anew where another process had to move a damaged one aside.

import type { Journal } from '../journal/journal.ts';
import { openJournal } from '../journal/open-journal.ts';
import { journalIdentity, journalStamp } from '../journal/stamp.ts';

export class AgentJournal implements Disposable {
  readonly #stateDir: string;
  readonly #notice: (text: string) => void;
  #journal: Journal | null = null;
  #identity = '';

  /** `notice` is told what had to be done to open it. */
  constructor(stateDir: string, notice: (text: string) => void) {
    this.#stateDir = stateDir;
    this.#notice = notice;
  }

  /** For this moment: do not keep it. Throws `journal-unusable`. */
  now(): Journal {
    const identity = journalIdentity(this.#stateDir);
    if (this.#journal !== null && identity === this.#identity) return this.#journal;
    this.#close();
    const journal = openJournal(this.#stateDir);
    for (const notice of journal.notices) this.#notice(notice);
    this.#journal = journal;
    this.#identity = journalIdentity(this.#stateDir);
    return journal;
  }

  /** Another text after each write of whatever process. */
  stamp(): string {
    return journalStamp(this.#stateDir);
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #close(): void {
    this.#journal?.[Symbol.dispose]();
    this.#journal = null;
  }
}
