// The lab by hand: `npm run lab -- COMMAND`. Hosts like those of tests, which stay until they are taken down. Each command is a
// file in cli/, loaded when it runs.

import { Command, CommanderError } from '@commander-js/extra-typings';
import { EXIT } from '../src/domain/exit-code.ts';
import type { KeeperOrder } from './cli/keeper.ts';
import { tellError } from './cli/output.ts';
import { HoldfastError } from '../src/lib/errors.ts';

const collect = (value: string, values: readonly string[] = []): readonly string[] => [...values, value];
const words = (value: string, values: readonly string[] = []): readonly string[] => [
  ...values,
  ...value.split(',').filter(Boolean),
];

function buildProgram(done: (exitCode: number) => void): Command {
  const program = new Command('npm run lab --')
    .description('Real hosts for tests, by hand. docs/guide/lab.md tells how to use them in tests.')
    .enablePositionalOptions()
    .showHelpAfterError('(npm run lab -- --help lists every command)')
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', (_, command) => {
      if (command.name() !== 'doctor') assertRoot(command.name());
    });
  program
    .command('up')
    .description('boot hosts that stay until `down`: containers, or machines with a kernel of their own')
    .argument('<names...>', 'a-z, 0-9 and -')
    .option('--machine', 'machines instead of containers')
    .option('--disk <size>', 'an empty data disk for each machine, as 1GB; may be given several times', collect)
    .option('--packages <names>', 'Debian packages beyond the standard ones: a,b', words)
    .option('--network', 'join them; each knows the others by name')
    .action(async (names, options) => done(await (await import('./cli/up.ts')).up(names, options)));
  program
    .command('exec')
    .description('run a command on a host as root; its output and exit code are passed on')
    .argument('<name>', 'where several tests have one of that name: NAME@PROCESS')
    .argument('<command...>', 'after --')
    .passThroughOptions()
    .action(async (name, command) => done(await (await import('./cli/enter.ts')).exec(name, command)));
  program
    .command('shell')
    .description('log in as root: in a container, or at the serial console of a machine')
    .argument('<name>')
    .action(async (name) => (await import('./cli/enter.ts')).shell(name));
  program
    .command('down')
    .description('end hosts and take everything of them away')
    .argument('[names...]')
    .option('--all', 'all that `up` has started')
    .action(async (names, options) => (await import('./cli/down.ts')).down(names, options));
  program
    .command('list')
    .description('the hosts that there are, those of running tests too')
    .action(async () => (await import('./cli/list.ts')).list());
  program
    .command('prune')
    .description('remove what dead processes left, images of other recipes, and unfinished ones')
    .action(async () => await (await import('./cli/prune.ts')).prune());
  program
    .command('images')
    .description('make all images now; the first test makes them otherwise')
    .action(async () => await (await import('./cli/images.ts')).images());
  program
    .command('doctor')
    .description('what the lab needs of this machine, and how to get what is missing')
    .action(async () => done(await (await import('./cli/doctor.ts')).doctor()));
  program
    .command('keep', { hidden: true })
    .argument('<order>')
    .action(async (order) => await (await import('./cli/keeper.ts')).keep(JSON.parse(order) as KeeperOrder)); // of `up`
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

/** Others would see, and make, another cache. */
function assertRoot(command: string): void {
  if (process.getuid?.() === 0) return;
  const [message, hint] = ['only root can use the lab', 'Run it as root.'];
  throw new HoldfastError({ code: 'permission-denied', operation: 'run', subject: command, message, hint });
}

async function main(): Promise<number> {
  let exitCode: number = EXIT.ok;
  try {
    await buildProgram((code) => (exitCode = code)).parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // it has told it already
    return tellError(error);
  }
}

/** What was written to a pipe is not yet read: wait until it is. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => void stream.write('', () => resolve()));

process.stdout.on('error', () => {}); // `list | head`
const exitCode = await main();
await Promise.all([drained(process.stdout), drained(process.stderr)]);
process.exit(exitCode);
