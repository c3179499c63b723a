// Quoting for the shells that scripts are generated for.

/** One word for bash, zsh and any POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** One word for fish, in which a backslash counts inside quotes too. */
export const quoteFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
