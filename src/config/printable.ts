// Text from a configuration inside of a message: one line, of bearable length, and nothing that a terminal would obey.

/** Control characters and lone surrogates as `\u{..}`, cut to `limit` characters. */
export function printable(text: string, limit = Number.MAX_SAFE_INTEGER): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}...` : text;
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return cut.toWellFormed().replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g, escape);
}

const escape = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
