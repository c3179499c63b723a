// What is left of an expression while it is read, and what is said when it cannot be.

/** Its message says what is wrong, and ends no sentence. */
export class NotUnderstood extends Error {}

/** Takes what it has read off the front of the text. */
export class Cursor {
  rest: string;
  constructor(text: string) {
    this.rest = text;
  }
  take(pattern: RegExp): string | null {
    const found = pattern.exec(this.rest)?.[0];
    if (found === undefined) return null;
    this.rest = this.rest.slice(found.length);
    return found;
  }
}
