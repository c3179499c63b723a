// holdfast completion: prints a script for a shell, made from the command tree; and the hidden command that it asks for
// names.

import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import type { CommandModel } from './completion/model.ts';
import type { CliContext } from './context.ts';

export const completionCommand: CommandFactory = (context) =>
  new Command('completion')
    .description('print the completion script of a shell: source <(holdfast completion bash)')
    .addArgument(new Argument('<shell>', 'for which shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell, _options, command) => {
      const { completionModel } = await import('./completion/model.ts');
      const model = completionModel(rootOf(command));
      const script = await scriptFor(shell, model);
      context().result(script, { schemaVersion: 1, kind: 'completion', shell, script });
    });

/** Named so that nobody types it by accident; program.ts hides what begins with __. */
export const completeCommand: CommandFactory = (context) =>
  new Command('__complete')
    .argument('<kind>')
    .allowExcessArguments()
    .action(async (kind) => {
      const cli = context();
      const names = await namesOf(cli, kind);
      cli.result(names.join('\n'), names);
    });

function rootOf(command: CommandUnknownOpts): CommandUnknownOpts {
  return command.parent ? rootOf(command.parent) : command;
}

async function scriptFor(shell: 'bash' | 'zsh' | 'fish', model: readonly CommandModel[]): Promise<string> {
  if (shell === 'bash') return (await import('./completion/bash.ts')).bashCompletion(model);
  if (shell === 'zsh') return (await import('./completion/zsh.ts')).zshCompletion(model);
  return (await import('./completion/fish.ts')).fishCompletion(model);
}

/** Nothing at all where there is no sound configuration: somebody is in the middle of typing. */
async function namesOf({ options }: CliContext, kind: string): Promise<string[]> {
  if (options.config === '-') return [];
  try {
    const { lookupOf } = await import('./create-context.ts');
    const { loadConfiguration } = await import('../config/load.ts');
    const { defaultCacheDirectory } = await import('../config/cache.ts');
    const cacheDirectory = defaultCacheDirectory(process.env);
    const configuration = await loadConfiguration({ ...lookupOf(options), stateDir: options.stateDir, cacheDirectory });
    return [...(kind === 'repositories' ? configuration.repositories : configuration.services).keys()];
  } catch {
    return [];
  }
}
