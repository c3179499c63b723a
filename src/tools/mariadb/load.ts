// Putting a dump into a database of a MariaDB server: the file goes through the client as it is.

import { createReadStream } from 'node:fs';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { clientOf, clientSetting, failure, type MariadbAddress } from './client.ts';

/**
 * The client stops at the first error, and takes nothing in the file for a command to itself. Throws `not-restored` with what the server said,
 * or as `ask` where it does not answer.
 */
export async function loadMariadb(
  address: MariadbAddress,
  { file, database, into }: { readonly file: string; readonly database: string; readonly into: string },
  signal: AbortSignal,
): Promise<void> {
  const subject = `the database ${database}`;
  const argv = clientOf(address, 'mariadb', '--batch', '--binary-mode', '--max-allowed-packet=1G', `--database=${into}`);
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation: 'load', subject, stdin: createReadStream(file), ...clientSetting() },
    { signal },
  );
  if (exitCode === 0) return;
  const error = failure('mariadb', { operation: 'load', subject, address, exitCode, stderrTail });
  if (error.code !== 'tool-failed') throw error;
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'load',
    subject,
    message: `${subject} cannot be loaded: ${error.message}`,
    hint: /max_allowed_packet/.test(error.message)
      ? 'It has a row larger than the server takes at once: raise max_allowed_packet of the server, and try again.'
      : 'Its last lines say why. Engines and plugins that the database uses have to be installed in the server.',
    retry: 'later',
    tool: error.tool,
  });
}
