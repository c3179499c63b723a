// getfattr(1): the extended attributes of a tree, access control lists included.

import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';

/** One block for each entry that has any: `# file: name`, then `name=0x...` lines, then an empty line. */
export function parseAttributes(stdout: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const block of stdout.split('\n\n')) {
    const [header = '', ...lines] = block.split('\n').filter((line) => line !== '');
    if (header.startsWith('# file: ')) entries.set(header.slice('# file: '.length), lines.toSorted().join(' '));
  }
  return entries;
}

/** By path below `directory` as getfattr escapes it, in one comparable text. Null where getfattr is not installed. */
export async function extendedAttributes(directory: string, signal: AbortSignal): Promise<Map<string, string> | null> {
  if (findProgram('getfattr') === null) return null;
  const operation = 'read the extended attributes of';
  const { exitCode, stdout, stderrTail } = await runProcess(
    {
      argv: [
        'getfattr',
        '--physical',
        '--no-dereference',
        '--recursive',
        '--dump',
        '--match=-',
        '--encoding=hex',
        '--',
        '.',
      ],
      operation,
      subject: directory,
      cwd: directory,
      env: { LC_ALL: 'C' },
    },
    { signal, verbatim: true },
  );
  if (exitCode === 0) return parseAttributes(stdout);
  throw new HoldfastError({
    code: 'tool-failed',
    operation,
    subject: directory,
    message: stderrTail.at(-1) ?? `getfattr ended with exit code ${exitCode}`,
    hint: 'Run as a user who may read all of it.',
    tool: { name: 'getfattr', exitCode, stderrTail },
  });
}
