// holdfast restore, of a PostgreSQL server: as it was at a moment.

import { resolve } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext } from './context.ts';
import { executeObserving } from './execute-observing.ts';
import { parseMoment } from './parse-time.ts';
import type { RestoreOptions } from './restore.ts';

const FILES_ONLY = ['include', 'allowIncomplete', 'host', 'path'] as const;

export async function restoreServer(cli: CliContext, name: string, options: RestoreOptions): Promise<void> {
  for (const each of FILES_ONLY) {
    if (options[each] !== undefined)
      throw usage(
        `--${each.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for files, and ${name} is a PostgreSQL server`,
        'A server comes back as a whole, as it was at a moment: --at TIME.',
      );
  }
  const { planServerRestore } = await import('../engine/postgres/plan-restore.ts');
  const { isCopyOf, planCopyRestore, sayingTheCopy } = await import('../engine/postgres/plan-copy-restore.ts');
  const { renderServerRestore } = await import('./render-server-restore.ts');
  const configuration = await cli.configuration();
  const { host } = configuration;
  const service = configuration.services.get(name);
  if (!service?.postgres) return;
  const scene = {
    config: configuration,
    host,
    service,
    postgres: service.postgres,
    services: [...configuration.services.values()],
    repositories: [...configuration.repositories.values()],
  };
  const wish = {
    at: options.at === undefined ? null : momentOf(options.at.text, cli.clock.now()),
    label: options.snapshot === 'latest' ? undefined : options.snapshot,
    timeline: options.timeline ?? null,
    repository: options.repository,
    database: options.database === undefined ? undefined : { name: options.database, as: options.as ?? options.database },
    to: options.to === undefined ? null : resolve(options.to),
  };
  const { repository } = options;
  const report = await executeObserving(
    cli,
    configuration,
    (toolbox, world) =>
      repository !== undefined && isCopyOf(scene, repository)
        ? planCopyRestore(scene, { ...wish, repository }, toolbox, world)
        : planServerRestore(scene, wish, toolbox, world.signal).catch((error: unknown) => {
            throw sayingTheCopy(scene, wish, error);
          }),
    {
      dryRun: options.dryRun,
      wait: options.wait,
      render: (told) => renderServerRestore(told, cli.out),
    },
  );
  cli.exitCode = report.exitCode;
}

function momentOf(text: string, now: Instant): Instant {
  const moment = parseMoment(text, now);
  if (typeof moment === 'number') return moment;
  throw usage(moment, "A moment is written as '2026-03-01 12:00:00+01', or as an age such as 90m.");
}
