// Databases that were loaded get their names, and what had those is kept under others.

import type { DumpedDatabase } from '../../../domain/database-dumps.ts';
import type { EffectKind } from '../../../domain/effect.ts';
import type { StepContext } from '../../../domain/plan.ts';
import { askLiveServer, identifier, literal, recordedServer, recordOf } from '../../../tools/postgresql/live-server.ts';
import { BRIEF, type Live } from './live.ts';
import { inOne, type Loading, propertiesOf } from './load.ts';

export interface Move {
  readonly database: DumpedDatabase;
  /** What it is called until now. */
  readonly name: string;
  readonly as: string;
  /** What the one that is called so is called then; null where there is none. */
  readonly aside: string | null;
}

/** A database that nobody gets into while it is exchanged. */
export const CLOSED_DATABASE: EffectKind = {
  kind: 'closed-database',
  independent: true,
  async undo({ name, ...record }, signal) {
    const server = typeof name === 'string' ? recordedServer(record, name) : null;
    if (typeof name !== 'string' || server === null) return;
    const ask = (text: string): Promise<string[]> => askLiveServer(server, text, { signal, timeout: BRIEF });
    const there = await ask(`SELECT 1 FROM pg_database WHERE datname = ${literal(name)}`);
    if (there.length > 0) await ask(`ALTER DATABASE ${identifier(name)} ALLOW_CONNECTIONS true`);
  },
};

/** All of them or none: nobody ever sees one database as it was then, and another as it is now. */
export async function exchange(moves: readonly Move[], loading: Loading, live: Live, context: StepContext): Promise<void> {
  const { server, clients, target } = live;
  const { signal } = context;
  const properties: string[] = [];
  for (const { database, as } of moves)
    if (as === database.name) properties.push(...(await propertiesOf(loading, database, signal)));
  context.progress({ message: 'exchanging the databases' });
  await using held = new AsyncDisposableStack();
  const there = moves.filter(({ aside }) => aside !== null).map(({ as }) => as);
  for (const name of there) {
    /* oxlint-disable no-await-in-loop -- a handful */
    const close = `ALTER DATABASE ${identifier(name)} ALLOW_CONNECTIONS false`;
    const payload = { name, ...recordOf({ ...server, psql: clients.psql }) };
    held.use(await context.hold(CLOSED_DATABASE.kind, payload, async () => void (await target.sql(close, signal))));
    /* oxlint-enable no-await-in-loop */
  }
  if (there.length > 0)
    await target.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (${there.map(literal).join(', ')})`,
      signal,
    );
  const renames = moves.flatMap(({ name, as, aside }) => [
    ...(aside === null
      ? []
      : [
          `ALTER DATABASE ${identifier(as)} RENAME TO ${identifier(aside)}`,
          `ALTER DATABASE ${identifier(aside)} ALLOW_CONNECTIONS true`,
        ]),
    `ALTER DATABASE ${identifier(name)} RENAME TO ${identifier(as)}`,
  ]);
  await target.sql(inOne([...renames, ...properties]), signal);
}
