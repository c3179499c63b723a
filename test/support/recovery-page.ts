// A recovery kit as its reader uses it: the commands of the page, in order.

/** What stands in the blocks marked `sh`, as one script for bash. */
export function commandsOfPage(markdown: string): string {
  const blocks = [...markdown.matchAll(/^(`{3,})sh\n([\s\S]*?)\n\1$/gm)].map(([, , content]) => content ?? '');
  if (blocks.length === 0) throw new Error(`no commands on the page:\n${markdown}`);
  return `${blocks.join('\n')}\n`;
}
