// Notifications for people: what was told, what became of each channel, and what still waits.

import type { Configuration } from '../config/configuration.ts';
import { describeDuration } from '../domain/duration.ts';
import { elapsed, type Instant } from '../domain/instant.ts';
import type { ChannelResult } from '../engine/notify/deliver.ts';
import type { FlushResult } from '../engine/notify/flush.ts';
import type { TestResult } from '../engine/notify/test-channels.ts';
import type { QueueStanding } from '../journal/notification-store.ts';
import type { Output } from './context.ts';
import { plural } from './plural.ts';
import { renderError } from './render-error.ts';
import { paint } from './style.ts';
import { renderTable } from './table.ts';

const COLUMNS = [{ title: '' }, { title: '' }, { title: '' }];

export function renderTest(results: readonly TestResult[], out: Output): string {
  const rows = results.map(({ channel, type, seconds, error }) => [
    error === null ? paint(out, 'good', '✓') : paint(out, 'bad', '✗'),
    channel,
    error === null ? `${type}, delivered in ${seconds.toFixed(2)}s` : `${type}, not delivered`,
  ]);
  const errors = results.flatMap(({ error }) => (error === null ? [] : [`\n${renderError(error, columnsOf(out))}`]));
  return renderTable(COLUMNS, rows) + errors.join('');
}

export function renderFlush(
  result: FlushResult,
  queue: readonly QueueStanding[],
  { notifications }: Pick<Configuration, 'notifications'>,
  now: Instant,
  out: Output,
): string {
  if (result.kind === 'busy') return 'Another flush is at work; it sees to it.\n';
  const { observed, channels } = result;
  const held = observed.held === 0 ? '' : `, ${observed.held} more to be told together within half an hour`;
  const found = `${plural(observed.runs, 'run')} ended since the last time, ${plural(observed.messages, 'new message')}, ${plural(observed.open, 'open problem')}${held}\n`;
  const unheard =
    observed.unheard === 0
      ? ''
      : `${paint(out, 'warn', '!')} ${plural(observed.unheard, 'problem')} of which nobody is told, for no channel takes ${observed.unheard === 1 ? 'it' : 'them'}: see holdfast status\n`;
  if (notifications.channels.length === 0) return `${found}No channel is configured: nobody is told.\n`;
  const rows = channels.map((channel) => [mark(channel, out), channel.channel, channelWords(channel)]);
  const errors = channels.flatMap(({ error }) => (error === null ? [] : [`\n${renderError(error, columnsOf(out))}`]));
  const waiting = queue.filter(({ failingSince }) => failingSince !== null);
  const old = waiting.flatMap(({ channel, waiting: count, oldestAt }) =>
    oldestAt === null
      ? []
      : `\n${channel}: ${plural(count, 'message')} waiting, the oldest for ${describeDuration(elapsed(oldestAt, oldestAt > now ? oldestAt : now))}\n`,
  );
  const configured = new Set(notifications.channels.map(({ name }) => name));
  const homeless = queue.flatMap(({ channel, waiting: count }) =>
    configured.has(channel) || count === 0
      ? []
      : `\n${channel} is no longer configured: ${plural(count, 'message')} for it waiting until another channel takes ${count === 1 ? 'it' : 'them'}, a week at most\n`,
  );
  const table = rows.length === 0 ? '' : renderTable(COLUMNS, rows);
  return [found, unheard, table, ...errors, ...old, ...homeless].join('');
}

const columnsOf = ({ isTerminal, columns }: Output): { columns?: number } => (isTerminal ? { columns } : {});

const mark = ({ error, waiting, quiet, expired }: ChannelResult, out: Output): string =>
  error !== null
    ? paint(out, 'bad', '✗')
    : expired > 0 || (waiting > 0 && !quiet)
      ? paint(out, 'warn', '!')
      : paint(out, 'good', '✓');

function channelWords({ delivered, waiting, quiet, expired, error }: ChannelResult): string {
  const left = waiting === 0 ? [] : [`${waiting} ${quiet ? 'held back until quiet hours are over' : 'waiting'}`];
  const lost = expired === 0 ? [] : [`${expired} given up: too old`];
  const tried = delivered > 0 || error !== null || left.length + lost.length === 0 ? [`${delivered} delivered`] : [];
  return [...tried, ...left, ...lost].join(', ');
}
