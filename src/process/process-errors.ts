// What can go wrong with a child process itself, whatever it is: it is not there, does not start, takes too long, says too much.

import { describeBytes } from '../domain/bytes.ts';
import { type Duration, formatDuration } from '../domain/duration.ts';
import { errnoOf, HoldfastError, type ToolFailure } from '../lib/errors.ts';
import { MAX_COLLECTED } from './collector.ts';
import type { Command } from './run-process.ts';

export const tooMuchOutput = (command: Command): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation: command.operation,
    subject: command.subject,
    message: `${command.argv[0]} printed more than ${describeBytes(MAX_COLLECTED)}`,
    hint: 'Ask for less at once, or see what it prints.',
  });

/** The error of everything that took longer than it may. */
export const timedOut = (operation: string, subject: string, timeout: Duration, tool?: ToolFailure): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation,
    subject,
    message: `did not finish within ${formatDuration(timeout)}`,
    hint: 'Something that it works on may hang: see findmnt, dmesg and the network. A backup that only needs longer is given more time with its `timeout`.',
    retry: 'now',
    tool,
  });

export const idleFor = ({ operation, subject }: Command, limit: Duration): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation,
    subject,
    message: `did nothing for ${formatDuration(limit)}`,
    hint: 'Something that it waits for does not answer: a disk, a network, a lock? See findmnt, dmesg and the network.',
    retry: 'now',
  });

export const toolMissing = (command: Command, name: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-missing',
    operation: command.operation,
    subject: command.subject,
    message: `${name} is not installed, or not on PATH`,
    hint: `Install ${name}, or add its directory to PATH.`,
  });

export const startFailure = (command: Command, error: Error): HoldfastError =>
  new HoldfastError({
    code: errnoOf(error) === 'E2BIG' ? 'bug' : 'tool-failed',
    operation: command.operation,
    subject: command.subject,
    message: `${command.argv[0]} could not be started: ${error.message}`,
    cause: error,
  });
