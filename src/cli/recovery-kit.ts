// holdfast recovery-kit: one page for each repository: what to type on a bare machine, with stock restic, to get everything back.

import { statSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import type { RepositoryConfig } from '../config/configuration.ts';
import type { Duration } from '../domain/duration.ts';
import type { Report } from '../domain/report.ts';
import type { Kit } from '../engine/recovery-kit/kit.ts';
import type { KitWish, PageFile, PageFormat } from '../engine/recovery-kit/plan-recovery-kit.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { execute } from './execute.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';
import { stateOrNone } from './state-or-none.ts';

interface Options {
  readonly out?: string | undefined;
  readonly format?: PageFormat | undefined;
  readonly includeSecrets?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const recoveryKitCommand: CommandFactory = (context) =>
  new Command('recovery-kit')
    .description('one page for each repository: what to type on a bare machine, without Holdfast, to get everything back')
    .argument('[repository...]', 'as it is configured; all of them without a name')
    .option('--out <path>', 'into this file, or a file for each repository in this directory (default: standard output)')
    .addOption(
      new Option('--format <format>', 'markdown or html (default: by the name of the file, otherwise markdown)').choices([
        'markdown',
        'html',
      ]),
    )
    .option('--include-secrets', 'with the secrets themselves; with --out only, into a file that only its owner can read')
    .option('--dry-run', 'show the steps, change nothing')
    .addOption(waitOption())
    .action((names, options) => make(context(), names, options));

async function make(cli: CliContext, names: readonly string[], options: Options): Promise<void> {
  if (options.includeSecrets && (options.out ?? '-') === '-') {
    throw usage(
      '--include-secrets needs --out FILE or --out DIR',
      'Secrets are never printed: what goes to a terminal or a pipe is kept where nobody thinks of it.',
    );
  }
  const configuration = await cli.configuration();
  const { selectRepository } = await import('../engine/select.ts');
  const all = [...configuration.repositories.values()];
  if (all.length === 0) throw usage(...NOTHING);
  const repositories = names.length === 0 ? all : [...new Set(names)].map((name) => selectRepository(configuration, name));
  const wish = await wishOf(configuration.host, repositories, options);
  const { planRecoveryKit } = await import('../engine/recovery-kit/plan-recovery-kit.ts');
  const kits = new Map<string, Kit>();
  await using place = options.dryRun ? null : await stateOrNone(cli, configuration.stateDir);
  const stateDir = place?.stateDir ?? configuration.stateDir;
  using past = stateDir === configuration.stateDir ? null : await readJournal(cli, configuration.stateDir);
  const plain = wish.files.length > 0 && !cli.options.json;
  const context = place?.context ?? cli;
  const report = await execute(
    options.dryRun || plain ? context : { ...context, result: () => {} },
    { host: configuration.host, stateDir },
    (toolbox) => planRecoveryKit(configuration, wish, past ? { ...toolbox, journal: past } : toolbox, kits),
    { dryRun: options.dryRun, wait: options.wait },
  );
  cli.exitCode = report.exitCode;
  if (options.dryRun) return;
  const made = repositories.flatMap(({ name }) => kits.get(name) ?? []);
  if (!plain) await tell(cli, report, made, wish);
  else if (report.steps.some(({ result }) => result?.['file'])) cli.note(KEEP);
}

/** An engine of a database has repositories of its own: whoever looks for their page must not think that there is one. */
const NOTHING = [
  'no repository of restic is declared, and each page is about one: no page was made',
  'Declare one: the configuration of this host is kept in it, and its page says how each server comes back. Until then keep elsewhere what the engines need: /etc/holdfast, the configuration of pgBackRest, every passphrase.',
] as const;

const KEEP =
  'Print it, or keep it where this machine is not; and a copy of each secret that it names. See docs/guide/recovery-kit.md.';

async function wishOf(host: string, repositories: readonly RepositoryConfig[], options: Options): Promise<KitWish> {
  const { out = '-' } = options;
  const format = options.format ?? (['.html', '.htm'].includes(extname(out)) ? 'html' : 'markdown');
  const includeSecrets = options.includeSecrets === true;
  if (out === '-') return { repositories, format, includeSecrets, files: [] };
  const path = resolve(out);
  const ending = { markdown: 'md', html: 'html' }[format];
  const files: PageFile[] =
    out.endsWith('/') || isDirectory(path)
      ? repositories.map((repository) => ({
          path: join(path, `recovery-kit-${host}-${repository.name}.${ending}`),
          repositories: [repository],
        }))
      : [{ path, repositories }];
  const { assertReplaceable } = await import('../engine/recovery-kit/write-page.ts');
  await Promise.all(files.map((file) => assertReplaceable(file.path)));
  return { repositories, format, includeSecrets, files };
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** The pages, or the kits as data; what went wrong on standard error. */
async function tell(cli: CliContext, report: Report, kits: readonly Kit[], { format, files }: KitWish): Promise<void> {
  const { renderError } = await import('./render-error.ts');
  if (!cli.options.json) {
    for (const step of report.steps) {
      for (const warning of step.warnings) cli.warn(`${step.repository ?? step.title}: ${warning}`);
      if (step.error) cli.err.write(renderError(step.error));
      else if (step.reason) cli.warn(`${step.repository ?? step.title}: ${step.reason}`);
    }
  }
  const { kitPage } = await import('../engine/recovery-kit/kit-page.ts');
  const { renderPages } = await import('../engine/recovery-kit/plan-recovery-kit.ts');
  const pages = kits.map((kit) => kitPage(kit, null));
  cli.result(pages.length === 0 ? '' : renderPages[format](pages), {
    schemaVersion: 1,
    kind: 'recovery-kit',
    exitCode: report.exitCode,
    kits,
    files: files.map(({ path }) => path),
    errors: report.steps.flatMap(({ repository, title, error }) => (error ? [{ subject: repository ?? title, error }] : [])),
  });
}
