// holdfast history: past runs, from the journal.

import { statSync } from 'node:fs';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { tailorReport } from './hints.ts';
import { readJournal } from './read-journal.ts';

const DEFAULT_LIMIT = 20;

export const historyCommand: CommandFactory = (context) => {
  const history = new Command('history').description('list past runs, the newest first');
  history
    .option('--service <name>', 'only runs that were about this service')
    .option('--limit <n>', 'at most so many', positiveInteger, DEFAULT_LIMIT)
    .action((options) => list(context(), options));
  history
    .command('show')
    .description('tell one run as it was told when it ended')
    .argument('<run>', 'its id, the beginning of it, or latest')
    .action((id) => show(context(), id));
  return history;
};

async function list(cli: CliContext, options: { service?: string | undefined; limit: number }): Promise<void> {
  const configuration = await cli.configuration();
  const { renderHistory } = await import('./render-history.ts');
  const { withoutGhosts } = await import('../engine/runner/dead-runs.ts');
  using journal = await readJournal(cli, configuration.stateDir);
  const { service, limit } = options;
  const runs = journal.runs({ limit, ...(service === undefined ? {} : { service }) }).map(withoutGhosts(journal));
  // A service that is no longer configured still has a history; a name that has neither is a typo.
  if (runs.length === 0 && service !== undefined && !configuration.services.has(service)) {
    const { unknownName } = await import('../engine/select.ts');
    throw unknownName('service', service, [...configuration.services.keys()]);
  }
  const nothing = `Nothing${service === undefined ? '' : ` of ${service}`} has run yet${elsewhere(configuration)}.`;
  cli.result(runs.length === 0 ? nothing : renderHistory(runs, cli.out), { schemaVersion: 1, kind: 'history', runs });
}

/** Whose configuration it is has a history of his own, which is in another state directory. */
function elsewhere({ files: [file], stateDir }: Configuration): string {
  const uid = process.getuid?.();
  const owner = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.uid;
  return owner === undefined || uid === 0 || owner === uid
    ? ''
    : `, as far as ${stateDir} tells: the owner of ${file} may have another history`;
}

async function show(cli: CliContext, id: string): Promise<void> {
  const { stateDir } = await cli.configuration();
  using journal = await readJournal(cli, stateDir);
  const report = id === 'latest' ? journal.runs({ limit: 1 })[0] : journal.run(id);
  if (!report) throw noSuchRun(id, journal);
  const { withoutGhosts } = await import('../engine/runner/dead-runs.ts');
  const { renderReport } = await import('./render-report.ts');
  const told = tailorReport(withoutGhosts(journal)(report), cli.tailor);
  cli.result(renderReport(told, cli.out), told);
}

/** The shortest beginning of an id that the journal looks for. */
const SHORTEST = 6;

function noSuchRun(id: string, journal: Journal): HoldfastError {
  const wrong = (message: string, hint: string): HoldfastError =>
    new HoldfastError({ code: 'usage', operation: 'find', subject: id, message, hint });
  if (id === 'latest') return wrong('nothing has run yet', 'Begin with: holdfast run');
  if (id.length < SHORTEST)
    return wrong(`${id} is too short for a run's id`, `Give ${SHORTEST} characters at least: see \`holdfast history\`.`);
  const all = journal.runs({ limit: Number.MAX_SAFE_INTEGER }).map((run) => run.id);
  const begin = all.filter((each) => each.startsWith(id.toUpperCase()));
  return begin.length === 0
    ? wrong(
        `no run has an id that begins with ${id}`,
        '`holdfast history` lists them; `holdfast history show latest` tells the last one.',
      )
    : wrong(`${begin.length} runs have an id that begins with ${id}`, `Give more of it: ${begin.slice(0, 5).join(', ')}`);
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a number from 1 on');
  return value;
}
