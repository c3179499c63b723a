// The completion of fish: one `complete` for each word, on condition of where on the command line one is.

import type { CommandModel, OptionModel, ValueKind } from './model.ts';
import { quoteFish as quote } from './quote-fish.ts';

export function fishCompletion(commands: readonly CommandModel[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  const valued = new Set(
    commands.flatMap(({ options }) => options.filter((each) => each.takesValue).flatMap(({ names }) => names)),
  );
  return `# fish completion of holdfast; load it with: holdfast completion fish | source

# The command that is being typed: 'history show'; empty before the first.
function __holdfast_at
    set -l at
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${[...valued].map(quote).join(' ')}
            set skip 1
        else if contains -- (string join ' ' -- $at $word) ${paths.join(' ')}
            set -a at $word
        end
    end
    string join ' ' -- $at
end

function __holdfast_is
    test (__holdfast_at | string collect --allow-empty) = $argv[1]
end

# Names from the configuration in use; says nothing when there is none.
function __holdfast_names
    set -l globals
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        if contains -- $words[$i] --config --state-dir; and set -q words[(math $i + 1)]
            set -a globals $words[$i] $words[(math $i + 1)]
        end
    end
    holdfast $globals __complete $argv[1] 2>/dev/null
end

complete -c holdfast -f
${commands.flatMap(lines).join('\n')}
`;
}

function lines({ path, subcommands, options, argument }: CommandModel): string[] {
  const here = `complete -c holdfast -n ${quote(`__holdfast_is ${quote(path)}`)}`;
  const everywhere = path === '' ? 'complete -c holdfast' : here; // the program's own count everywhere
  return [
    ...subcommands.map(({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`),
    ...(argument === null ? [] : [`${here} ${value(argument)}`]),
    ...options.map(
      (option) => `${everywhere} ${option.names.map(nameOf).join(' ')}${takes(option)} -d ${quote(option.description)}`,
    ),
  ];
}

const nameOf = (name: string): string => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);

const takes = ({ takesValue, value: kind }: OptionModel): string => {
  if (!takesValue) return '';
  return kind === null ? ' -x' : ` -r ${value(kind)}`;
};

function value(kind: ValueKind): string {
  if (kind === null) return '-x';
  if (kind === 'files') return '-F';
  if (kind === 'services' || kind === 'repositories') return `-f -a ${quote(`(__holdfast_names ${kind})`)}`;
  return `-f -a ${quote(kind.join(' '))}`;
}
