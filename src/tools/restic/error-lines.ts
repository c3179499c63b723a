// What restic says on standard error, as plain lines for people, and the one line that matters most among them.
// With --json some of it is JSON ({"message_type":"exit_error",...}) and some is not ('X does not exist, skipping').

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';

const exitError = z.object({ message_type: z.literal('exit_error'), code: z.number().optional(), message: z.string() });
const itemError = z.object({
  message_type: z.literal('error'),
  error: z.object({ message: z.string().catch('') }).catch({ message: '' }),
  during: z.string().catch(''),
  item: z.string().catch(''),
});

/** Something that restic could not read or write, and why. */
export interface ItemError {
  /** As restic names it; empty when it names none. */
  readonly path: string;
  readonly message: string;
  /** 'scan', 'archival', 'restore', ...: what restic was doing. */
  readonly during: string;
}

export function parseItemError(line: string): ItemError | null {
  if (!line.startsWith('{')) return null;
  const parsed = itemError.safeParse(parseJson(line));
  if (!parsed.success) return null;
  return { path: parsed.data.item, message: parsed.data.error.message || 'no reason given', during: parsed.data.during };
}

/** The tail of standard error without JSON. */
export function plainLines(stderrTail: readonly string[]): string[] {
  return stderrTail.flatMap((line) => {
    const exit = exitMessage(line);
    if (exit !== null) return splitLines(withoutStack(exit));
    const item = parseItemError(line);
    if (item) return [item.path === '' || item.message.includes(item.path) ? item.message : `${item.path}: ${item.message}`];
    return splitLines(line);
  });
}

/** What restic gives as its reason: the message of its exit error, else the last `Fatal:` line, else the last line. */
export function essentialLine(stderrTail: readonly string[]): string {
  for (const line of stderrTail.toReversed()) {
    const exit = exitMessage(line);
    if (exit !== null) return withoutFatal(splitLines(exit)[0] ?? '');
  }
  const lines = plainLines(stderrTail);
  return withoutFatal(lines.findLast((line) => line.startsWith('Fatal:')) ?? lines.at(-1) ?? '');
}

/** Of a line that is a whole exit error, or the beginning of one: with a stack trace in it, it may be long, and was cut. */
function exitMessage(line: string): string | null {
  if (!line.startsWith('{')) return null;
  const whole = exitError.safeParse(parseJson(line));
  if (whole.success) return whole.data.message;
  const begun = /^\{"message_type":"exit_error","code":\d+,"message":"((?:[^"\\]|\\.)*)/.exec(line)?.[1];
  const text = begun === undefined ? undefined : parseJson(`"${begun}"`);
  return typeof text === 'string' ? text : null;
}

/** A listing passes over a snapshot that it cannot read, exits 0, and may answer `[]`: that is damage, not emptiness. */
export const damagedSnapshot = (line: string): string | null =>
  /^Ignoring "([0-9a-f]+)": failed to load snapshot/.exec(line)?.[1] ?? null;

/** 0.19 may put a Go stack trace behind its message. */
const withoutStack = (message: string): string => message.replaceAll(/\n[\w./()*-]+\n\t\S+:\d+/g, '');

const withoutFatal = (line: string): string => line.replaceAll(/\bFatal: /g, '');

// before it reports a signal restic clears the progress line, with an escape sequence or a carriage return
const splitLines = (text: string): string[] =>
  text
    // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
    .replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '')
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '');
