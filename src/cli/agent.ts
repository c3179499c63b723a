// holdfast agent: the daemon of a host, and the tokens with which others use it.

import { Command } from '@commander-js/extra-typings';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { tokenCommand } from './agent-token.ts';

export const agentCommand: CommandFactory = (context) => {
  const agent = new Command('agent').description('answer other programs, and tell live what runs');
  agent.addCommand(tokenCommand(context));
  agent.action(() => serve(context()));
  return agent;
};

async function serve(cli: CliContext): Promise<void> {
  if (cli.options.config === '-')
    throw usage('the agent reads its configuration again when that changes', 'Give it a file, not standard input.');
  const { becomeLean } = await import('../process/lean.ts');
  becomeLean();
  const configuration = await cli.configuration();
  const [file = ''] = configuration.files;
  await cli.serve({
    configuration,
    load: () => cli.reload(),
    self: await selfOf(cli, file),
    clock: cli.clock,
    signal: cli.signal,
    log: {
      human: cli.err.isTerminal && !cli.options.json,
      verbose: cli.options.verbose,
      write: (text) => cli.err.write(text),
    },
    onReload: (reload) => {
      cli.hangUp = reload;
    },
  });
  cli.note('stopped');
}

/** The same program with the same configuration. */
async function selfOf({ options }: CliContext, file: string): Promise<[string, ...string[]]> {
  const { ordinaryExecArgv } = await import('../process/lean.ts');
  const stateDir = options.stateDir === undefined ? [] : ['--state-dir', options.stateDir];
  return [process.execPath, ...ordinaryExecArgv(), process.argv[1] ?? '', '--config', file, ...stateDir];
}
