// The command tree as what a shell needs to know of it: per command its subcommands, options, and what values are names of.

import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { quote } from '../../lib/shell-word.ts';

/** What a value is: asked from `holdfast __complete`, a file, or one of these words; null when nothing is known. */
export type ValueKind = 'services' | 'repositories' | 'files' | readonly string[] | null;

export interface OptionModel {
  /** '--repository', '-q' */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly value: ValueKind;
}

export interface CommandModel {
  /** 'holdfast history show' without the program's name: 'history show'; empty for the program. */
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Its own; the global ones are the program's. */
  readonly options: readonly OptionModel[];
  /** Of its first argument (and of all further ones). */
  readonly argument: ValueKind;
}

/** Every command that is not hidden, the program itself first. */
export function completionModel(program: CommandUnknownOpts): CommandModel[] {
  const help = program.createHelp();
  const visit = (command: CommandUnknownOpts, path: readonly string[]): CommandModel[] => {
    // what prints its own help needs no completion for it
    const subcommands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
    const shown = command === program ? help.visibleOptions(program) : command.options.filter((option) => !option.hidden);
    const [argument] = command.registeredArguments;
    return [
      {
        path: path.join(' '),
        description: command.description(),
        subcommands: subcommands.map((each) => ({ name: each.name(), description: each.description() })),
        options: shown.map(optionModel),
        argument: argument ? valueOf(argument.name(), argument.argChoices ?? null) : null,
      },
      ...subcommands.flatMap((each) => visit(each, [...path, each.name()])),
    ];
  };
  return visit(program, []);
}

const optionModel = (option: Option): OptionModel => ({
  names: [option.long, option.short].filter((name) => name !== undefined),
  description: option.description,
  takesValue: option.required || option.optional,
  value:
    option.required || option.optional ? valueOf(`${option.long ?? ''} ${option.flags}`, option.argChoices ?? null) : null,
});

function valueOf(words: string, choices: Argument['argChoices'] | null): ValueKind {
  if (choices) return choices;
  if (/\bservice/.test(words)) return 'services';
  if (/\brepositor/.test(words)) return 'repositories';
  return /\b(?:file|dir|directory|path|to)\b/.test(words) ? 'files' : null;
}

/** Shell patterns for '<path of the command> <option>'; an option of the program itself counts everywhere. */
export const optionPatterns = (path: string, { names }: OptionModel): string[] =>
  names.map((name) => (path === '' ? `*${quote(` ${name}`)}` : quote(`${path} ${name}`)));
