// The configuration file of pgBackRest: sections of `option=value`. Pure: it reads and writes text, never a file.

export interface Option {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** What it says; comments and blank lines are none of it. A line that is no option is kept under its own text, with no value. */
export function parseConfiguration(text: string): Option[] {
  const options: Option[] = [];
  let section = '';
  for (const each of text.split('\n')) {
    const line = each.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, named] = /^\[(.+)\]$/.exec(line) ?? [];
    if (named !== undefined) {
      section = named;
      continue;
    }
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    options.push(name === undefined || value === undefined ? { section, name: line, value: '' } : { section, name, value });
  }
  return options;
}

/** Options whose values are shown to nobody. */
export const isSecret = (name: string): boolean => /-(?:pass|key|key-secret|token|sas)$/.test(name);
