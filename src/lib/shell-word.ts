// Text as one word of a shell's command line, for commands that are shown to be typed or pasted.

/** One word for bash, zsh and any POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * Quoted where that is needed. What nobody could see or type (a newline, a tab, a space that does not break) is written as its
 * bytes in $'...', which bash and zsh know.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  return UNSEEN.test(text) ? quoteBytes(text) : quote(text);
}

const UNSEEN = /\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/u;

const quoteBytes = (text: string): string =>
  `$'${[...text].map((character) => (UNSEEN.test(character) ? bytesOf(character) : character.replace(/['\\]/, String.raw`\$&`))).join('')}'`;

const bytesOf = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
