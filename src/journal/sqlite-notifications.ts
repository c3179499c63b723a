// The notification store on SQLite.

import type { Instant } from '../domain/instant.ts';
import { type Message, type OpenProblem, rankOf } from '../domain/notification.ts';
import type {
  AilingChannel,
  NotificationChange,
  NotificationStore,
  QueuedMessage,
  QueueStanding,
  WaitingDelivery,
} from './notification-store.ts';
import { instant, integer, json, optional, text } from './rows.ts';
import type { SqliteSession } from './sqlite-session.ts';

export class SqliteNotifications implements NotificationStore {
  readonly #session: SqliteSession;

  constructor(session: SqliteSession) {
    this.#session = session;
  }

  problems(): readonly OpenProblem[] {
    return this.#session
      .all('SELECT content FROM problems ORDER BY key', [])
      .map((row) => json<OpenProblem>(row, 'content'));
  }

  groupings(since: Instant): ReadonlyMap<string, Instant> {
    const rows = this.#session.all('SELECT grouping, max(at) AS at FROM messages WHERE at >= ? GROUP BY grouping', [since]);
    return new Map(rows.map((row) => [text(row, 'grouping'), instant(row, 'at')]));
  }

  mark(name: string): Instant | null {
    const row = this.#session.get('SELECT at FROM notification_marks WHERE name = ?', [name]);
    return row ? instant(row, 'at') : null;
  }

  record(change: NotificationChange): void {
    const session = this.#session;
    session.transaction(() => {
      for (const id of change.told) session.run('UPDATE runs SET told_at = ? WHERE id = ?', [change.at, id]);
      session.run('UPDATE runs SET told_at = ? WHERE told_at IS NULL AND ended_at < ?', [change.at, change.oldNews]);
      if (change.problems) {
        session.run('DELETE FROM problems', []);
        for (const problem of change.problems)
          session.run('INSERT INTO problems (key, content) VALUES (?, ?)', [problem.key, JSON.stringify(problem)]);
      }
      for (const queued of change.messages) this.#enqueue(queued);
      for (const [name, at] of change.marks)
        session.run('INSERT OR REPLACE INTO notification_marks (name, at) VALUES (?, ?)', [name, at]);
      for (const channel of change.admitted ?? [])
        session.run(
          "UPDATE deliveries SET admitted = 1 WHERE channel = ? AND outcome IN ('expired', 'dropped') AND admitted = 0",
          [channel],
        );
      for (const channel of new Set(change.messages.flatMap(({ channels }) => channels))) {
        session.run(
          `UPDATE deliveries SET outcome = 'dropped', settled_at = ? WHERE id IN (
             SELECT id FROM deliveries WHERE channel = ? AND outcome IS NULL ORDER BY rank, id
             LIMIT max(0, (SELECT count(*) FROM deliveries WHERE channel = ? AND outcome IS NULL) - ?))`,
          [change.at, channel, channel, change.bound],
        );
      }
    });
  }

  #enqueue({ key, grouping, message, channels }: QueuedMessage): void {
    const session = this.#session;
    if (key !== null && session.get('SELECT id FROM messages WHERE key = ?', [key])) return;
    const { lastInsertRowid } = session.run('INSERT INTO messages (key, grouping, at, content) VALUES (?, ?, ?, ?)', [
      key,
      grouping,
      message.at,
      JSON.stringify(message),
    ]);
    for (const channel of channels)
      session.run('INSERT INTO deliveries (message_id, channel, rank) VALUES (?, ?, ?)', [
        lastInsertRowid,
        channel,
        rankOf(message.priority),
      ]);
  }

  waiting(channel: string): readonly WaitingDelivery[] {
    return this.#session
      .all(
        `SELECT d.id, d.message_id, d.channel, d.attempts, d.next_at, m.content FROM deliveries d
         JOIN messages m ON m.id = d.message_id WHERE d.channel = ? AND d.outcome IS NULL ORDER BY d.id`,
        [channel],
      )
      .map((row) => ({
        id: integer(row, 'id'),
        messageId: integer(row, 'message_id'),
        channel: text(row, 'channel'),
        attempts: integer(row, 'attempts'),
        nextAt: instant(row, 'next_at'),
        message: json<Message>(row, 'content'),
      }));
  }

  channelsWaiting(): readonly string[] {
    return this.#session
      .all('SELECT DISTINCT channel FROM deliveries WHERE outcome IS NULL ORDER BY channel', [])
      .map((row) => text(row, 'channel'));
  }

  delivered(id: number, at: Instant): void {
    this.#settle(id, 'delivered', at);
  }

  giveUp(id: number, outcome: 'expired' | 'dropped' | 'removed', at: Instant): void {
    this.#settle(id, outcome, at);
  }

  readdress(id: number, channels: readonly string[], at: Instant): void {
    const session = this.#session;
    session.transaction(() => {
      if (channels.length === 0) {
        session.run('UPDATE deliveries SET attempts = 0, next_at = 0, error = NULL WHERE id = ?', [id]);
        return;
      }
      for (const channel of channels)
        session.run(
          `INSERT INTO deliveries (message_id, channel, rank) SELECT message_id, ?, rank FROM deliveries d WHERE d.id = ?
             AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.message_id = d.message_id AND o.channel = ?)`,
          [channel, id, channel],
        );
      this.#settle(id, 'removed', at);
    });
  }

  #settle(id: number, outcome: string, at: Instant): void {
    this.#session.run('UPDATE deliveries SET outcome = ?, settled_at = ? WHERE id = ?', [outcome, at, id]);
  }

  postpone(id: number, nextAt: Instant, error: string): void {
    this.#session.run('UPDATE deliveries SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?', [
      nextAt,
      error,
      id,
    ]);
  }

  ailing(channel: string): AilingChannel | null {
    const row = this.#session.get('SELECT * FROM ailing_channels WHERE channel = ?', [channel]);
    if (!row) return null;
    return {
      failures: integer(row, 'failures'),
      since: instant(row, 'since'),
      nextAt: instant(row, 'next_at'),
      error: text(row, 'error'),
    };
  }

  setAiling(channel: string, state: AilingChannel | null): void {
    if (state === null) this.#session.run('DELETE FROM ailing_channels WHERE channel = ?', [channel]);
    else
      this.#session.run(
        'INSERT OR REPLACE INTO ailing_channels (channel, failures, since, next_at, error) VALUES (?, ?, ?, ?, ?)',
        [channel, state.failures, state.since, state.nextAt, state.error],
      );
  }

  lost(channel: string): number {
    const row = this.#session.get(
      "SELECT count(*) AS count FROM deliveries WHERE channel = ? AND outcome IN ('expired', 'dropped') AND admitted = 0",
      [channel],
    );
    return row ? integer(row, 'count') : 0;
  }

  standing(): readonly QueueStanding[] {
    return this.#session
      .all(
        `SELECT d.channel, count(*) AS waiting, min(m.at) AS oldest, a.since AS since,
                min(CASE WHEN d.attempts > 0 THEN m.at END) AS refused, coalesce(a.error, max(d.error)) AS error
         FROM deliveries d JOIN messages m ON m.id = d.message_id LEFT JOIN ailing_channels a ON a.channel = d.channel
         WHERE d.outcome IS NULL GROUP BY d.channel
         UNION ALL
         SELECT a.channel, 0, NULL, a.since, NULL, a.error FROM ailing_channels a
         WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE channel = a.channel AND outcome IS NULL)
         ORDER BY 1`,
        [],
      )
      .map((row) => ({
        channel: text(row, 'channel'),
        waiting: integer(row, 'waiting'),
        oldestAt: optional(row, 'oldest', instant),
        lastError: optional(row, 'error', text),
        failingSince: optional(row, 'since', instant) ?? optional(row, 'refused', instant),
      }));
  }

  prune(before: Instant): void {
    this.#session.transaction(() => {
      this.#session.run(
        'DELETE FROM deliveries WHERE settled_at < ? AND message_id IN (SELECT id FROM messages WHERE at < ?)',
        [before, before],
      );
      this.#session.run(
        'DELETE FROM messages WHERE at < ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = messages.id)',
        [before],
      );
    });
  }
}
