// Changes below directories that belong to an ordinary user, made as that user: whoever owns a directory can put a link under any name
// in it at any moment, and would have root write, give away or remove something elsewhere.

import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { argvAs } from './as-user.ts';
import type { Owner } from './stat.ts';

export interface OwnedFiles {
  read(path: string): Promise<string>;
  /** Whole or not at all. */
  write(path: string, content: string): Promise<void>;
  /** With mode 0700; it must not exist. */
  makeDirectory(path: string): Promise<void>;
  /** Of what is there under that very name. */
  setMode(path: string, mode: string): Promise<void>;
  /** A symbolic link, in the place of one that is there. */
  link(target: string, path: string): Promise<void>;
  /** With everything in it; nothing where it is not there. */
  remove(path: string): Promise<void>;
}

/** Each throws `failed` with what the program said. */
export function filesOf(owner: Owner, signal: AbortSignal): OwnedFiles {
  const run = async (
    what: string,
    subject: string,
    argv: readonly [string, ...string[]],
    stdin?: string,
  ): Promise<string> => {
    const { exitCode, stdout, stderrTail } = await runProcess(
      {
        argv: argvAs(owner, ...argv),
        operation: what,
        subject,
        cwd: '/',
        env: { LC_ALL: 'C' },
        ...(stdin === undefined ? {} : { stdin }),
      },
      { signal, verbatim: true },
    );
    if (exitCode === 0) return stdout;
    const tool = { name: argv[0], exitCode, stderrTail };
    const message = stderrTail.at(-1) ?? `${argv[0]} ended with ${exitCode}`;
    const hint = `It was tried as user ${owner.uid}, who owns what is there: may that user write there, and is there room?`;
    throw new HoldfastError({ code: 'failed', operation: what, subject, message, hint, retry: 'later', tool });
  };
  const change = async (...args: Parameters<typeof run>): Promise<void> => void (await run(...args));
  return {
    read: (path) => run('read', path, ['cat', '--', path]),
    write: (path, content) => change('write', path, ['sh', '-c', WRITE, 'sh', path], content),
    makeDirectory: (path) => change('make', path, ['mkdir', '--mode=700', '--', path]),
    setMode: (path, mode) => change('set the mode of', path, ['chmod', mode, '--', path]),
    link: (target, path) => change('link', path, ['ln', '--symbolic', '--force', '--no-dereference', '--', target, path]),
    remove: (path) => change('remove', path, ['rm', '--recursive', '--force', '--', path]),
  };
}

const WRITE = 'set -e; umask 077; cat >"$1.holdfast"; mv --no-target-directory -- "$1.holdfast" "$1"';
