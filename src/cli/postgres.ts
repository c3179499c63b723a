// holdfast postgres: what PostgreSQL servers and their engine need.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { waitOption } from './options.ts';

export const postgresCommand: CommandFactory = (context) => {
  const postgres = new Command('postgres').description('PostgreSQL servers, and what backs them up');
  postgres
    .command('configure')
    .description(
      'tell pgBackRest what is declared, look at the server, make the stanza, try the archiving; of barman-cloud look and try',
    )
    .argument('[services...]', 'only those of these services')
    .option('--dry-run', 'show what would be written, and what the server needs; change nothing')
    .addOption(waitOption())
    .action(async (services, options) => {
      const { configure } = await import('./postgres/configure.ts');
      await configure(context(), services, options);
    });
  postgres
    .command('watch')
    .description('say until when each server can be had back now, and what is missing for more; put it on record')
    .argument('[services...]', 'only those of these services')
    .addOption(waitOption())
    .action(async (services, options) => {
      const { watch } = await import('./postgres/watch.ts');
      await watch(context(), services, options);
    });
  return postgres;
};
