// holdfast history: past runs, from the journal.

import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { tailorReport } from './hints.ts';
import { readJournal } from './read-journal.ts';

const DEFAULT_LIMIT = 20;

export const historyCommand: CommandFactory = (context) => {
  const history = new Command('history').description('list past runs, the newest first');
  history
    .option('--service <name>', 'only runs that were about this service')
    .option('--limit <n>', `at most so many (default ${DEFAULT_LIMIT})`, positiveInteger, DEFAULT_LIMIT)
    .action((options) => list(context(), options));
  history
    .command('show')
    .description('tell one run as it was told when it ended')
    .argument('<run>', 'its id, or the beginning of it')
    .action((id) => show(context(), id));
  return history;
};

async function list(cli: CliContext, options: { service?: string | undefined; limit: number }): Promise<void> {
  const configuration = await cli.configuration();
  const { renderHistory } = await import('./render-history.ts');
  using journal = await readJournal(cli, configuration.stateDir);
  const { service, limit } = options;
  const runs = journal.runs({ limit, ...(service === undefined ? {} : { service }) });
  // A service that is no longer configured still has a history; a name that has neither is a typo.
  if (runs.length === 0 && service !== undefined && !configuration.services.has(service)) {
    const { unknownName } = await import('../engine/select.ts');
    throw unknownName('service', service, [...configuration.services.keys()]);
  }
  const nothing = service === undefined ? 'Nothing has run yet.' : `Nothing of ${service} has run yet.`;
  cli.result(runs.length === 0 ? nothing : renderHistory(runs, cli.out), { schemaVersion: 1, kind: 'history', runs });
}

async function show(cli: CliContext, id: string): Promise<void> {
  const { stateDir } = await cli.configuration();
  using journal = await readJournal(cli, stateDir);
  const report = journal.run(id);
  if (!report) {
    throw new HoldfastError({
      code: 'usage',
      operation: 'find',
      subject: id,
      message: `no run, or more than one, has an id that begins with ${id}`,
      hint: 'Give six characters at least, enough to tell it from the others: see holdfast history.',
    });
  }
  const { renderReport } = await import('./render-report.ts');
  const told = tailorReport(report, cli.tailor);
  cli.result(renderReport(told, cli.out), told);
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a number from 1 on');
  return value;
}
