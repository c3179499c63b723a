// The completion of zsh, on its own _describe and _files.

import { optionPatterns, type CommandModel, type ValueKind } from './model.ts';
import { quote } from '../../lib/shell-word.ts';

export const zshCompletion = (commands: readonly CommandModel[]): string => `#compdef holdfast
# zsh completion of holdfast; put it into a directory of $fpath as _holdfast, or: source <(holdfast completion zsh)

# Completes a value of that kind. Names come from the configuration in use; there are none when it is not sound.
__holdfast_value() {
  local -a names
  case "$1" in
    (services|repositories)
      names=(\${(f)"$(holdfast "\${globals[@]}" __complete "$1" 2>/dev/null)"})
      (( $#names )) && compadd -a names
      ;;
    (files) _files ;;
    (words) shift && compadd -- "$@" ;;
  esac
}

_holdfast() {
  local at='' word
  local -i i
  local -a globals value subcommands options
  for (( i = 2; i < CURRENT; i++ )); do
    word=\${words[i]}
    value=()
    case "$at $word" in
${commands.flatMap(valued).join('\n')}
${commands.flatMap(descents).join('\n')}
    esac
    (( $#value )) || continue
    if (( ++i >= CURRENT )); then
      __holdfast_value "\${value[@]}"
      return
    fi
    [[ $word == --config || $word == --state-dir ]] && globals+=("$word" "\${words[i]}")
  done
  case "$at" in
${commands.map(candidates).join('\n')}
  esac
}

if [[ $funcstack[1] == _holdfast ]]; then
  _holdfast "$@"
else
  compdef _holdfast holdfast
fi
`;

const valued = ({ path, options }: CommandModel): string[] =>
  options
    .filter(({ takesValue }) => takesValue)
    .map((option) => `      (${optionPatterns(path, option).join('|')}) value=(${kindOf(option.value)}) ;;`);

const descents = ({ path }: CommandModel): string[] => {
  if (path === '') return [];
  const name = path.split(' ').at(-1) ?? '';
  const above = path.slice(0, -name.length).trimEnd();
  return [`      (${quote(`${above} ${name}`)}) at=${quote(path)} ;;`];
};

const candidates = (
  { path, subcommands, options, argument }: CommandModel,
  index: number,
  all: readonly CommandModel[],
): string => {
  const flags = [...options, ...(index === 0 ? [] : (all[0]?.options ?? []))];
  const values = [
    ...(subcommands.length > 0
      ? [
          `subcommands=(${subcommands.map(({ name, description }) => described(name, description)).join(' ')})`,
          '_describe command subcommands',
        ]
      : []),
    ...(argument === null ? [] : [`__holdfast_value ${kindOf(argument)}`]),
  ];
  return `    (${quote(path)})
      if [[ $PREFIX == -* ]]; then
        options=(${flags.flatMap(({ names, description }) => names.map((name) => described(name, description))).join(' ')})
        _describe -o option options
      else
        ${values.join('\n        ') || ':'}
      fi
      ;;`;
};

const described = (name: string, description: string): string =>
  quote(`${name}:${description.replaceAll(':', String.raw`\:`)}`);

const kindOf = (value: ValueKind): string => {
  if (value === null) return 'unknown';
  return typeof value === 'string' ? value : `words ${value.map(quote).join(' ')}`;
};
