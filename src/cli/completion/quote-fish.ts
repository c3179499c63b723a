// Quoting for fish, whose rules are its own.

/** One word, in which a backslash counts inside quotes too. */
export const quoteFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
