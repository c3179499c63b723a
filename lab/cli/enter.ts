// `exec` and `shell`: what is done in a host that another process made. In a container this process becomes the command.

import { text } from 'node:stream/consumers';
import { duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { openCache } from '../cache.ts';
import { systemPath } from '../command.ts';
import { enterCommand } from '../container/exec.ts';
import { execInMachine } from '../machine/guest-agent.ts';
import { findHost, type KnownHost } from './inventory.ts';
import { note } from './output.ts';

/** Answers with the command's exit code. A machine tells what it said only when it has ended. */
export async function exec(name: string, words: readonly string[]): Promise<number> {
  const argv = words[0] === '--' ? words.slice(1) : words;
  const host = runningHost(name, 'run a command on');
  if (host.leader !== null) become(enterCommand(host.leader, argv, terminal()));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(interruption(signal)));
  const { exitCode, stdout, stderr } = await execInMachine(host.agent ?? '', name, argv, {
    stdin: process.stdin.isTTY ? '' : await text(process.stdin),
    timeout: duration(7, 'd'),
    signal: interrupted.signal,
  });
  process.stdout.write(stdout);
  if (stderr !== '') process.stderr.write(`${stderr}\n`);
  return exitCode;
}

/** Does not return. */
export function shell(name: string): never {
  const host = runningHost(name, 'open a shell on');
  if (host.leader !== null) become(enterCommand(host.leader, ['bash', '--login'], terminal()));
  note(`The console of ${name}: press Enter for a prompt, Ctrl-] to leave.`);
  become(['socat', '-,raw,echo=0,escape=0x1d', `UNIX-CONNECT:${host.console}`]);
}

function runningHost(name: string, operation: string): KnownHost {
  const host = findHost(name, operation, openCache());
  if (host.state === 'up' && (host.leader ?? host.agent) !== null) return host;
  throw new HoldfastError({
    code: 'failed',
    operation,
    subject: name,
    message: host.state === 'starting' ? 'it is still starting' : 'it is powered off',
    hint:
      host.state === 'starting' ? 'Wait until `up` says that it is up.' : `\`npm run lab -- down ${name}\` takes it away.`,
  });
}

const terminal = (): Record<string, string> => (process.stdin.isTTY ? { TERM: process.env['TERM'] ?? 'linux' } : {});

function become([name, ...args]: readonly [string, ...string[]]): never {
  const program = findProgram(name, systemPath());
  if (program !== null && process.execve) process.execve(program, [name, ...args], process.env);
  throw new HoldfastError({
    code: 'tool-missing',
    operation: 'start',
    subject: name,
    message: 'it is not installed, or not on PATH',
    hint: '`npm run lab -- doctor` tells everything that the lab needs.',
  });
}
