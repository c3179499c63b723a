// Exclude patterns.

/** A pattern that matches exactly this absolute path, whatever characters it has (Go's filepath.Match escapes). */
export const literalPattern = (path: string): string => path.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
