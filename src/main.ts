#!/usr/bin/env node
// Parse, dispatch, error -> exit code. The only process.exit.

import { basename } from 'node:path';
import { CommanderError } from '@commander-js/extra-typings';
import type { Daemons } from './cli/context.ts';
import { type Invocation, buildProgram } from './cli/program.ts';
import { EXIT, exitCodeOf } from './domain/exit-code.ts';
import { asHoldfastError, errorReport, HoldfastError } from './lib/errors.ts';
import { stopSignalOf } from './lib/interruption.ts';

/** Loaded by whoever becomes one. */
const daemons: Daemons = {
  serve: async (request) => (await import('./agent/serve.ts')).serve(request),
};

async function main(): Promise<number> {
  const invocation: Invocation = { context: null };
  try {
    await buildProgram(invocation, daemons).parseAsync(spoken(process.argv));
    return invocation.context?.exitCode ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return tellUsage(error);
    return await tell(error, invocation);
  }
}

/** Scripts that were written against that name mean the gate. */
const spoken = ([node = '', program = '', ...args]: readonly string[]): string[] =>
  basename(program) === 'backup-orchestrator' ? [node, program, 'gate', ...args] : [node, program, ...args];

/** commander has told it on standard error already. */
function tellUsage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok; // --help, --version
  if (process.argv.includes('--json')) {
    const message = error.message.replace(/^error: /, '');
    const usage = new HoldfastError({
      code: 'usage',
      operation: 'understand',
      subject: 'the command line',
      message,
      hint: 'See holdfast --help.',
    });
    process.stdout.write(`${JSON.stringify({ error: errorReport(usage) })}\n`);
  }
  return EXIT.usage;
}

async function tell(thrown: unknown, { context }: Invocation): Promise<number> {
  const { renderError } = await import('./cli/render-error.ts');
  const error = asHoldfastError(thrown, 'run', 'holdfast');
  const report = (context?.tailor ?? ((told) => told))(errorReport(error));
  if (context?.options.json) context.out.write(`${JSON.stringify({ error: report })}\n`);
  process.stderr.write(renderError(report, process.stderr.isTTY ? { columns: process.stderr.columns } : {}));
  if (context?.options.verbose && error.code === 'bug')
    process.stderr.write(`${String(thrown instanceof Error ? thrown.stack : thrown)}\n`);
  return stopSignalOf(error) === 'SIGTERM' ? EXIT.interruptedBySigterm : exitCodeOf(error.code);
}

/** What was written to a pipe is not yet read: wait until it is, or until its reader is gone. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.write('', () => resolve());
  });

/** A result that nobody gets is a failure, whatever it says; a worse exit code stays. */
async function tellUnwritten(failure: NodeJS.ErrnoException, exitCode: number): Promise<number> {
  const { renderError } = await import('./cli/render-error.ts');
  const error = new HoldfastError({
    code: failure.code === 'ENOSPC' ? 'no-space' : 'failed',
    operation: 'write',
    subject: 'the result',
    message: failure.code ?? failure.message,
    hint: 'Only the telling failed, what was done stands. `holdfast history` tells of runs.',
  });
  process.stderr.write(renderError(errorReport(error)));
  return Math.max(exitCode, EXIT.failed);
}

// What cannot be told must not end what is being done: a full log disk is no reason to go without a backup.
let unwritten: NodeJS.ErrnoException | null = null;
process.stderr.on('error', () => {}); // nowhere is left to say so
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `holdfast history | head` is no failure; nor is a terminal that is gone (SIGHUP comes with it)
  if (error.code !== 'EPIPE' && error.code !== 'EIO') unwritten ??= error;
});
let exitCode = await main();
await drained(process.stdout);
if (unwritten) exitCode = await tellUnwritten(unwritten, exitCode);
await drained(process.stderr);
process.exit(exitCode);
