// holdfast demo: the whole story on this machine, in a scratch folder.

import { Command, Option } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';

export const demoCommand: CommandFactory = (context) =>
  new Command('demo')
    .description('see it work: back up, destroy, recover and compare real services in a scratch folder')
    .option('--keep <dir>', 'do it in this folder, which must be empty or new, and leave everything there')
    .addOption(new Option('--writer <file>').hideHelp())
    .action(async (options) => {
      const cli = context();
      if (options.writer !== undefined) {
        const { beNotesWriter } = await import('./demo/notes-writer.ts');
        await beNotesWriter(cli, options.writer);
        return;
      }
      const { showDemo } = await import('./demo/show.ts');
      await showDemo(cli, options.keep);
    });
