// The completion of bash, without any helper of other packages.

import { optionPatterns, type CommandModel, type ValueKind } from './model.ts';
import { quote } from '../../lib/shell-word.ts';

export const bashCompletion = (
  commands: readonly CommandModel[],
): string => `# bash completion of holdfast; load it with: source <(holdfast completion bash)

# Fills COMPREPLY with those words on standard input that begin with what is being typed.
__holdfast_reply() {
  local word
  while IFS= read -r word; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done
}

# Completes a value of that kind. Names come from the configuration in use; there are none when it is not sound.
__holdfast_value() {
  case "$1" in
    services | repositories) __holdfast_reply < <(holdfast "\${globals[@]}" __complete "$1" 2>/dev/null) ;;
    files) compopt -o default 2>/dev/null || : ;;
    words) shift && __holdfast_reply < <(printf '%s\\n' "$@") ;;
  esac
}

_holdfast() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at='' word i
  local -a globals=() value=()
  COMPREPLY=()
  compopt +o default 2>/dev/null || :
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    value=()
    case "$at $word" in
${commands.flatMap(valued).join('\n')}
${commands.flatMap(descents).join('\n')}
    esac
    ((\${#value[@]})) || continue
    if [[ \${COMP_WORDS[i + 1]-} == '=' ]]; then ((i++)); fi # bash takes --option=value apart
    if ((++i >= COMP_CWORD)); then
      if [[ $current == '=' ]]; then current=''; fi
      __holdfast_value "\${value[@]}"
      return
    fi
    if [[ $word == --config || $word == --state-dir ]]; then globals+=("$word" "\${COMP_WORDS[i]}"); fi
  done
  case "$at" in
${commands.map(candidates).join('\n')}
  esac
}

complete -F _holdfast holdfast
`;

const valued = ({ path, options }: CommandModel): string[] =>
  options
    .filter(({ takesValue }) => takesValue)
    .map((option) => `      ${optionPatterns(path, option).join(' | ')}) value=(${kindOf(option.value)}) ;;`);

const descents = ({ path }: CommandModel): string[] => {
  if (path === '') return [];
  const name = path.split(' ').at(-1) ?? '';
  const above = path.slice(0, -name.length).trimEnd();
  return [`      ${quote(`${above} ${name}`)}) at=${quote(path)} ;;`];
};

const candidates = (
  { path, subcommands, options, argument }: CommandModel,
  index: number,
  all: readonly CommandModel[],
): string => {
  const flags = [...options, ...(index === 0 ? [] : (all[0]?.options ?? []))].flatMap(({ names }) => names);
  const words = subcommands.map(({ name }) => name);
  return `    ${quote(path)})
      if [[ $current == -* ]]; then
        __holdfast_value ${kindOf(flags)}
      else
        ${[...(words.length > 0 ? [`__holdfast_value ${kindOf(words)}`] : []), ...(argument === null ? [] : [`__holdfast_value ${kindOf(argument)}`])].join('\n        ') || ':'}
      fi
      ;;`;
};

const kindOf = (value: ValueKind): string => {
  if (value === null) return 'unknown';
  return typeof value === 'string' ? value : `words ${value.map(quote).join(' ')}`;
};
