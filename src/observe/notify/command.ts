// A program of the user's: the text on standard input, all else in its environment. Its exit code 0 says that the message arrived.
// Any notifier with a command line works through it (apprise, for instance).

import type { DestinationOf } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { type Channel, type Envelope, undelivered } from './channel.ts';
import { shortenToBytes } from './shorten.ts';

/** The kernel refuses a variable of 128 KiB. */
const MOST_BYTES = 100_000;
const GRACE = duration(2, 's');

export const commandChannel = (name: string, { command }: DestinationOf<'command'>): Channel => ({
  async deliver(envelope, signal) {
    const [program = '', ...args] = command; // the schema wants one at least
    const result = await runProcess(
      {
        argv: [program, ...args],
        operation: 'deliver to',
        subject: name,
        env: environmentOf(envelope),
        stdin: `${envelope.message.body}\n`,
      },
      { signal, grace: GRACE },
    ).catch((error: unknown) => {
      if (!(error instanceof HoldfastError) || error.code !== 'tool-missing') throw error;
      throw undelivered(name, error.message, error.hint ?? 'Install it, or write its full path.', { code: 'tool-missing' });
    });
    if (result.exitCode === 0) return;
    const how = result.endedBy ? `was ended by ${result.endedBy}` : `ended with ${result.exitCode}`;
    const last = result.stderrTail.at(-1);
    throw undelivered(name, `${program} ${how}${last === undefined ? '' : `: ${last}`}`, 'Try it by hand.', {
      code: 'tool-failed',
      tool: { name: program, exitCode: result.exitCode, stderrTail: result.stderrTail },
    });
  },
});

function environmentOf({ id, message }: Envelope): Record<string, string> {
  const { kind, priority, host, title, body, at, items } = message;
  const list = (of: (item: (typeof items)[number]) => string | null): string =>
    [...new Set(items.map(of).filter((each) => each !== null))].join(' ');
  return {
    HOLDFAST_ID: id,
    HOLDFAST_EVENT: kind,
    HOLDFAST_PRIORITY: priority,
    HOLDFAST_HOST: host,
    HOLDFAST_AT: formatInstant(at),
    HOLDFAST_TITLE: title,
    HOLDFAST_BODY: shortenToBytes(body, MOST_BYTES),
    HOLDFAST_SERVICES: list(({ service }) => service),
    HOLDFAST_REPOSITORIES: list(({ repository }) => repository),
  };
}
