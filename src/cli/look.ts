// What the commands that look into repositories share: which ones, with or without a configuration, and how they are asked.

import type { Command } from '@commander-js/extra-typings';
import type { RepositoryConfig } from '../config/configuration.ts';
import type { Duration } from '../domain/duration.ts';
import type { Asking } from '../engine/snapshots/observe-snapshots.ts';
import {
  type AdHocOptions,
  adHocRepository,
  environmentFileOption,
  passwordFileOption,
  thisHost,
  urlOption,
  usage,
} from './ad-hoc.ts';
import type { CliContext } from './context.ts';
import { DEFAULT_WAIT } from './execute.ts';
import { hintsForAdHoc } from './hints.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';

export interface LookOptions extends AdHocOptions {
  readonly repository?: string | undefined;
  readonly wait?: Duration | undefined;
}

export interface Look extends Disposable {
  /** The primary one first. */
  readonly repositories: readonly RepositoryConfig[];
  /** Of the configuration; null without one: then snapshots of every host are meant. */
  readonly host: string | null;
  /** Configured services; empty without a configuration. */
  readonly services: readonly string[];
  readonly asking: Asking;
}

/** Adds the options that `openLook` reads. */
export const lookOptions = (command: Command) =>
  command
    .option('--repository <name>', 'only in this repository')
    .addOption(urlOption())
    .addOption(passwordFileOption())
    .addOption(environmentFileOption())
    .addOption(waitOption());

/** Dispose it. Throws `usage` for an unknown repository. */
export async function openLook(cli: CliContext, options: LookOptions): Promise<Look> {
  const adHoc = await adHocRepository(options);
  if (adHoc && options.repository !== undefined)
    throw usage('--url and --repository exclude each other', 'Either names the repository.');
  const { toolboxFor } = await import('../engine/toolbox.ts');
  const { fileLockBroker, noLocks } = await import('../repositories/broker.ts');
  const { lenientBroker } = await import('../engine/snapshots/look.ts');
  const common = { now: cli.clock.now(), lockWait: options.wait ?? DEFAULT_WAIT, signal: cli.signal };
  if (adHoc) {
    cli.tailor = hintsForAdHoc({ ...options, url: adHoc.name });
    const { openTransientJournal } = await import('../journal/open-journal.ts');
    const { tmpdir } = await import('node:os');
    const journal = openTransientJournal();
    const toolbox = toolboxFor({ host: thisHost(), stateDir: tmpdir() }, journal);
    return {
      repositories: [adHoc],
      host: null,
      services: [],
      asking: { ...common, toolbox, broker: noLocks },
      [Symbol.dispose]: () => journal[Symbol.dispose](),
    };
  }
  const configuration = await cli.configuration();
  const { inOrderOfAsking } = await import('../engine/snapshots/observe-snapshots.ts');
  const { selectRepository } = await import('../engine/select.ts');
  const repositories =
    options.repository === undefined
      ? inOrderOfAsking([...configuration.repositories.values()])
      : [selectRepository(configuration, options.repository)];
  const journal = await readJournal(cli, configuration.stateDir);
  return {
    repositories,
    host: configuration.host,
    services: [...configuration.services.keys()],
    asking: {
      ...common,
      toolbox: toolboxFor(configuration, journal),
      broker: lenientBroker(fileLockBroker(configuration.stateDir)),
    },
    [Symbol.dispose]: () => journal[Symbol.dispose](),
  };
}
