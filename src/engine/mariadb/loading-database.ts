// A database of a server in service while it is loaded. Until then it bears a mark of this run as its comment, by which alone it is taken
// away again: one that somebody else has made under that name has none.

import type { EffectKind } from '../../domain/effect.ts';
import type { DumpedMariadb } from '../../domain/mariadb-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { ask, identifier, literal, type MariadbAddress, recordedAddress, recordOf } from '../../tools/mariadb/client.ts';
import { createDatabase } from '../../tools/mariadb/create-database.ts';
import { BRIEF } from './load-set.ts';

/** A database that was there, and empty. */
export interface EmptyDatabase {
  readonly charset: string;
  readonly collation: string;
  readonly comment: string;
}

export const LOADING_MARIADB: EffectKind = {
  kind: 'loading-mariadb-database',
  independent: true,
  async undo({ name, mark, charset, collation, comment, ...record }, signal) {
    const address = recordedAddress(record);
    if (address === null || typeof name !== 'string' || typeof mark !== 'string') return;
    const options = { signal, subject: `the database ${name}`, timeout: BRIEF };
    const marked = `SELECT 1 FROM information_schema.schemata WHERE schema_name = ${literal(name)} AND schema_comment = ${literal(mark)};`;
    if ((await ask(address, marked, options)).length === 0) return;
    const before = typeof charset === 'string' && typeof collation === 'string' && typeof comment === 'string';
    const anew = before ? createDatabase({ name, charset, collation, comment }) : '';
    await ask(address, `DROP DATABASE ${identifier(name)};\n${anew}`, options);
  },
};

export interface LoadingDatabase extends AsyncDisposable {
  /** It is whole: it stays. */
  keep(signal: AbortSignal): Promise<void>;
}

/** Makes it, or marks the empty one that is there. Disposing of it takes it away, unless it is kept. */
export async function holdLoading(
  address: MariadbAddress,
  { name, shape, empty }: { readonly name: string; readonly shape: DumpedMariadb; readonly empty: EmptyDatabase | null },
  context: StepContext,
): Promise<LoadingDatabase> {
  const mark = `being loaded by holdfast, run ${context.runId}`;
  const options = { subject: `the database ${name}`, timeout: BRIEF };
  const comment = (text: string): string => `ALTER DATABASE ${identifier(name)} COMMENT ${literal(text)};\n`;
  const begin = empty === null ? createDatabase({ ...shape, name, comment: mark }) : comment(mark);
  const held = await context.hold(
    LOADING_MARIADB.kind,
    { name, mark, ...empty, ...recordOf(address) },
    async () => void (await ask(address, begin, { ...options, signal: context.signal })),
  );
  return {
    keep: async (signal) => void (await ask(address, comment(empty?.comment ?? shape.comment), { ...options, signal })),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
