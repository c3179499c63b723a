// holdfast notify: tell what has happened (flush, what the timer calls), or try out whether telling works (test).

import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { EXIT } from '../domain/exit-code.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { lookupOf } from './create-context.ts';

export const notifyCommand: CommandFactory = (context) =>
  new Command('notify')
    .description('tell people what happened, by the channels that are configured')
    .addCommand(
      new Command('test')
        .description('send a test message, and say what became of it')
        .argument('[channel]', 'as configured (default: each)')
        .action((name) => test(context(), name)),
    )
    .addCommand(
      new Command('flush')
        .description('tell what happened since the last time, and deliver what waits')
        .option('--now', 'also what failed a moment ago, without waiting for its next try')
        .action((options) => flush(context(), options.now === true)),
    );

async function test(cli: CliContext, name: string | undefined): Promise<void> {
  const config = await cli.configuration();
  const all = config.notifications.channels;
  const channels = name === undefined ? all : all.filter((channel) => channel.name === name);
  if (channels.length === 0) {
    if (name === undefined) throw noChannels();
    const { unknownName } = await import('../engine/select.ts');
    throw unknownName(
      'channel',
      name,
      all.map((channel) => channel.name),
    );
  }
  const { testChannels } = await import('../engine/notify/test-channels.ts');
  const { renderTest } = await import('./render-notify.ts');
  const results = await testChannels(config, channels, cli.clock, cli.signal);
  const failed = results.filter(({ error }) => error !== null).length;
  cli.exitCode = failed === 0 ? EXIT.ok : failed === results.length ? EXIT.failed : EXIT.partial;
  const human = cli.options.quiet && failed === 0 ? '' : renderTest(results, cli.out);
  cli.result(human, { schemaVersion: 1, kind: 'notify-test', host: config.host, exitCode: cli.exitCode, channels: results });
}

async function flush(cli: CliContext, insist: boolean): Promise<void> {
  const { config, broken } = await configurationToTellBy(cli);
  const { flushNotifications } = await import('../engine/notify/flush.ts');
  const { killedUnits } = await import('../engine/notify/killed-units.ts');
  const { lookAtStorage } = await import('../engine/notify/look-at-storage.ts');
  const { fileLockBroker } = await import('../repositories/broker.ts');
  const { rememberConfiguration } = await import('../engine/configuration/last-good.ts');
  const { renderFlush } = await import('./render-notify.ts');
  using journal = await cli.journal(config.stateDir);
  for (const notice of journal.notices) cli.warn(notice);
  if (!broken) rememberConfiguration(config);
  const broker = fileLockBroker(config.stateDir);
  const { clock, signal } = cli;
  const result = await flushNotifications({
    config,
    journal,
    broker,
    clock,
    signal,
    insist,
    broken,
    killed: (until) => killedUnits(until),
    storage: (open, until) => lookAtStorage({ using: config, open, now: clock.now(), signal: until }),
  });
  await broker.settled?.();
  const queue = journal.notifications.standing();
  // also between two tries: the unit stays red until a channel works again, and does not flap with the backoff
  const ailing = queue.some(({ failingSince }) => failingSince !== null);
  const failed = result.kind === 'flushed' && (ailing || result.channels.some(({ error }) => error !== null));
  cli.exitCode = broken ? EXIT.config : failed ? EXIT.partial : EXIT.ok;
  if (broken) cli.warn(`${broken.message} Told by the channels of the configuration that held last.`);
  const human = cli.options.quiet && !failed ? '' : renderFlush(result, queue, config, cli.clock.now(), cli.out);
  cli.result(human, {
    schemaVersion: 1,
    host: config.host,
    exitCode: cli.exitCode,
    ...result,
    kind: 'notify-flush',
    busy: result.kind === 'busy',
    queue,
  });
}

/** With one that does not hold nothing runs: of all things that must be told, so it is told by the last one that did. */
async function configurationToTellBy(
  cli: CliContext,
): Promise<{ readonly config: Configuration; readonly broken: HoldfastError | null }> {
  try {
    return { config: await cli.configuration(), broken: null };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'config') throw error;
    const { defaultStateDir } = await import('../config/load.ts');
    const { LAST_STATE_VARIABLE, rememberedConfiguration } = await import('../engine/configuration/last-good.ts');
    const lookup = lookupOf(cli.options);
    const stateDir = cli.options.stateDir ?? (process.env[LAST_STATE_VARIABLE] || defaultStateDir(lookup));
    const config = await rememberedConfiguration(resolve(stateDir), lookup);
    if (config === null) throw error;
    return { config, broken: error };
  }
}

const noChannels = (): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'send',
    subject: 'a test message',
    message: 'no channel is configured',
    hint: 'Declare one below notifications.channels, for instance: phone: {type: ntfy, url: https://SERVER/TOPIC}',
  });
