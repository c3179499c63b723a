// The text of a systemd unit: sections and settings, with quoting and escaping right (systemd.syntax(7), systemd.unit(5)). It
// knows no setting.

/** A setting, or a remark for whoever reads the unit. */
export type UnitLine = readonly [key: string, value: string] | { readonly remark: string };

export interface UnitSection {
  readonly name: string;
  readonly lines: readonly UnitLine[];
}

/** Sections without a line are left out. */
export const renderUnit = (sections: readonly UnitSection[]): string =>
  sections
    .filter(({ lines }) => lines.length > 0)
    .map(({ name, lines }) => `[${name}]\n${lines.map(renderLine).join('')}`)
    .join('\n');

const renderLine = (line: UnitLine): string => ('remark' in line ? `# ${line.remark}\n` : `${line[0]}=${line[1]}\n`);

/** Free text, such as a description: one line in which % means nothing. */
export const plainText = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('%', '%%').trim();

const PLAIN = /^[A-Za-z0-9_@+=:,./-]+$/;

/** One word of a command line or an environment. */
export const word = (text: string): string => (PLAIN.test(text) ? text : quoted(text));

/** In lists of paths systemd knows no escapes but those of quotes and backslashes: one with a line break cannot be written. */
export const pathList = (paths: readonly string[]): string =>
  paths
    .filter((path) => !/\p{Cc}/u.test(path))
    .map((path) => (PLAIN.test(path) ? path : `"${path.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`))
    .join(' ');

/** A command line that arrives word by word: nothing in it is a variable, a specifier or a quote. */
export const commandLine = ([program = '', ...args]: readonly string[]): string =>
  [word(program), ...args.map((arg) => word(arg).replaceAll('$', '$$$$'))].join(' ');

function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\p{Cc}]/gu, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped.replaceAll('%', '%%')}"`;
}
