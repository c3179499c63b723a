// holdfast snapshots: what the repositories hold.

import { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { describeBytes } from '../domain/bytes.ts';
import { EXIT } from '../domain/exit-code.ts';
import { formatInstant } from '../domain/instant.ts';
import { configurationTag, jobTag, serviceOfTags } from '../domain/naming.ts';
import type { Holding } from '../engine/snapshots/look.ts';
import { errorReport } from '../lib/errors.ts';
import type { Snapshot } from '../tools/restic/snapshots.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { localMinute } from '../domain/local-time.ts';
import { lookOptions, type LookOptions, openLook } from './look.ts';
import { paint } from './style.ts';
import { printable, renderTable } from './table.ts';

interface Options extends LookOptions {
  readonly host?: string | undefined;
  readonly all?: true | undefined;
}

export const snapshotsCommand: CommandFactory = (context) =>
  lookOptions(new Command('snapshots'))
    .description('list what the repositories hold, the newest first')
    .argument('[service...]', 'names; all of them without one')
    .option('--host <name>', 'snapshots of this host (default: this one)')
    .option('--all', 'of every host, also configurations and what Holdfast did not make')
    .action((services, options) => list(context(), services, options));

interface Row {
  readonly snapshot: Snapshot;
  readonly repository: string;
  readonly service: string | null;
  /** Null where no record tells. */
  readonly complete: boolean | null;
}

async function list(cli: CliContext, services: readonly string[], options: Options): Promise<void> {
  const configuration = options.url === undefined ? await cli.configuration() : null;
  const ofServers = configuration !== null && (await isOfServers(configuration, options.repository));
  using look = await openLook(cli, ofServers ? { ...options, repository: undefined } : options);
  const { holdings } = await import('../engine/snapshots/look.ts');
  const found = await holdings(ofServers ? [] : look.repositories, look.asking);
  const asksServers =
    configuration !== null &&
    (options.host ?? configuration.host) === configuration.host &&
    (ofServers || !options.repository);
  const { askServers, renderServerBackups, serverBackupsJson } = await import('./server-backups.ts');
  const servers = asksServers
    ? await askServers(cli, configuration, { services, repository: options.repository }, look.asking.toolbox.journal)
    : [];
  const host = options.host ?? look.host;
  const wanted = (snapshot: Snapshot): boolean => {
    if (services.length > 0 && !services.some((service) => snapshot.tags.includes(jobTag(service)))) return false;
    if (options.all) return true;
    return (host === null || snapshot.host === host) && (look.host === null || serviceOfTags(snapshot.tags) !== null);
  };
  const { recordedCompleteness } = await import('../engine/snapshots/observe-snapshots.ts');
  const rows = found.flatMap(({ repository, snapshots }) => {
    const listed = snapshots.filter(wanted).map((snapshot) => ({ snapshot, service: serviceOfTags(snapshot.tags) }));
    const complete = new Map(
      [...new Set(listed.map(({ service }) => service))].flatMap((service) => [
        ...recordedCompleteness(look.asking.toolbox, service, repository.name),
      ]),
    );
    return listed.map(({ snapshot, service }): Row => {
      return { snapshot, repository: repository.name, service, complete: complete.get(snapshot.id) ?? null };
    });
  });
  await refuseUnknown(services, look.services, found);
  rows.sort((a, b) => b.snapshot.time - a.snapshot.time);
  const asked = [...found.map(({ repository, error }) => ({ repository: repository.name, error })), ...servers];
  const failed = asked.flatMap(({ error }) => error ?? []);
  cli.exitCode = failed.length === 0 ? EXIT.ok : failed.length < asked.length ? EXIT.partial : EXIT.failed;
  if (!cli.options.json) await tellFailures(cli, asked);
  const told = renderServerBackups(servers, cli);
  const listed = told !== '' && rows.length === 0 ? '' : render(rows, cli, failed.length);
  cli.result([listed, told].filter(Boolean).join('\n'), {
    schemaVersion: 1,
    exitCode: cli.exitCode,
    snapshots: rows.map(rowJson),
    ...serverBackupsJson(servers),
    errors: asked.flatMap(({ repository, error }) => (error ? [{ repository, error: cli.tailor(errorReport(error)) }] : [])),
  });
}

/** A repository of a server's own, which restic knows nothing of. */
async function isOfServers(configuration: Configuration, repository: string | undefined): Promise<boolean> {
  if (repository === undefined || configuration.repositories.has(repository)) return false;
  const { isEngineRepository } = await import('../engine/postgres/plan-backup.ts');
  return isEngineRepository(configuration, repository);
}

const isConfiguration = ({ tags }: Snapshot): boolean => tags.includes(configurationTag);

/** A service that is neither configured nor in any repository is a typo. */
async function refuseUnknown(
  services: readonly string[],
  configured: readonly string[],
  found: readonly Holding[],
): Promise<void> {
  const held = found.flatMap(({ snapshots }) => snapshots.flatMap(({ tags }) => serviceOfTags(tags) ?? []));
  const known = new Set([...configured, ...held]);
  const unknown = services.find((service) => !known.has(service));
  if (unknown === undefined || found.some(({ error }) => error)) return;
  const { unknownName } = await import('../engine/select.ts');
  throw unknownName('service', unknown, [...known]);
}

async function tellFailures(cli: CliContext, found: readonly Pick<Holding, 'error'>[]): Promise<void> {
  const { renderError } = await import('./render-error.ts');
  for (const { error } of found) if (error) cli.err.write(renderError(cli.tailor(errorReport(error))));
}

function render(rows: readonly Row[], cli: CliContext, failed: number): string {
  if (rows.length === 0) return failed > 0 ? '' : 'No snapshots. (--all shows those of other hosts and programs.)';
  const hosts = new Set(rows.map(({ snapshot }) => snapshot.host));
  const table = renderTable(
    [
      { title: 'ID' },
      { title: 'TIME' },
      { title: 'SERVICE', names: true },
      ...(hosts.size > 1 ? [{ title: 'HOST', names: true }] : []),
      { title: 'REPOSITORY', names: true },
      { title: 'FILES', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: '' },
    ],
    rows.map(({ snapshot, repository, service, complete }) => [
      snapshot.id.slice(0, 8),
      localMinute(snapshot.time),
      printable(service ?? (isConfiguration(snapshot) ? '(configuration)' : `(${snapshot.paths.join(', ')})`)),
      ...(hosts.size > 1 ? [printable(snapshot.host)] : []),
      printable(repository),
      snapshot.summary?.totalFiles.toLocaleString('en') ?? '-',
      snapshot.summary ? describeBytes(snapshot.summary.bytesProcessed) : '-',
      complete === false ? paint(cli.out, 'warn', 'incomplete') : '',
    ]),
    cli.out.isTerminal ? cli.out.columns : undefined,
  );
  return table;
}

const rowJson = ({ snapshot, repository, service, complete }: Row): Record<string, unknown> => ({
  id: snapshot.id,
  time: formatInstant(snapshot.time),
  host: snapshot.host,
  service,
  repository,
  tags: snapshot.tags,
  paths: snapshot.paths,
  parent: snapshot.parent,
  files: snapshot.summary?.totalFiles ?? null,
  bytes: snapshot.summary?.bytesProcessed ?? null,
  complete,
});
