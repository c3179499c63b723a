// Asking the agent of this host over its Unix socket. What it answers is checked before it is believed.

import { parseJson } from '../../lib/json.ts';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { duration } from '../../domain/duration.ts';
import { firstCause } from '../../lib/abort.ts';
import { errnoOf, type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { errorShape } from '../api/report-shape.ts';

export interface AgentRequest {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** It answers from memory; a journal of years takes a moment. */
const PATIENCE = duration(20, 's');

/** The answer, of that shape. Throws what the agent says is wrong, in its words; `busy` when none listens. */
export async function askAgent<Answer>(
  socket: string,
  asked: AgentRequest,
  shape: z.ZodType<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  using limit = limitTime(PATIENCE, () => noAnswer(socket));
  const either = AbortSignal.any([signal, limit.signal]);
  const response = await openAgent(socket, asked, either);
  const body = await text(response).catch((error: unknown) => {
    throw unreachable(socket, firstCause(error, either));
  });
  const value: unknown = parseJson(body);
  if ((response.statusCode ?? 500) < 400 || response.statusCode === 503) {
    const answer = shape.safeParse(value);
    if (answer.success) return answer.data;
  }
  throw refusalOf(socket, response.statusCode ?? 0, value);
}

/** The answer's head; its body is still to be read. Throws as askAgent does when nobody answers. */
export async function openAgent(socket: string, asked: AgentRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method = 'GET', path, headers = {}, body } = asked;
  const answered = Promise.withResolvers<IncomingMessage>();
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent: ClientRequest = request({
    socketPath: socket,
    method,
    path,
    headers: { host: 'holdfast', ...json, ...headers },
    signal,
    agent: false,
  });
  sent.once('response', answered.resolve);
  sent.on('error', answered.reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  try {
    return await answered.promise;
  } catch (error) {
    throw unreachable(socket, firstCause(error, signal));
  }
}

/** The errno of a connection that was not made. */
export const isUnreachable = (error: unknown): boolean => error instanceof HoldfastError && error.subject === AGENT;

const AGENT = 'the agent';

function unreachable(socket: string, cause: unknown): unknown {
  if (cause instanceof HoldfastError) return cause;
  const errno = errnoOf(cause);
  const message =
    errno === 'ENOENT' || errno === 'ECONNREFUSED'
      ? `nobody listens on ${socket}`
      : errno === 'EACCES'
        ? `this user may not use ${socket}`
        : `the connection broke: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new HoldfastError({
    code: errno === 'EACCES' ? 'permission-denied' : 'failed',
    operation: 'ask',
    subject: AGENT,
    message,
    hint:
      errno === 'EACCES'
        ? 'Its group may: see `agent.group` in the configuration (usermod -aG, then log in again).'
        : 'See whether it runs: systemctl status holdfast-agent',
    retry: 'later',
    cause,
  });
}

const noAnswer = (socket: string): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation: 'ask',
    subject: AGENT,
    message: `it did not answer on ${socket}`,
    hint: 'See what it does: systemctl status holdfast-agent',
    retry: 'later',
  });

function refusalOf(socket: string, status: number, value: unknown): HoldfastError {
  const told = errorShape.safeParse(value);
  if (!told.success) {
    return new HoldfastError({
      code: 'tool-output',
      operation: 'ask',
      subject: AGENT,
      message: `what answers on ${socket} is not understood (status ${status})`,
      hint: 'Are the agent and this program of the same version? Restart it after an upgrade.',
    });
  }
  const { code, message, subject, hint } = told.data.error;
  return new HoldfastError({
    code: code as ErrorCode, // written from one by the agent
    operation: 'have the agent answer about',
    subject,
    message,
    ...(hint === null ? {} : { hint }),
  });
}
