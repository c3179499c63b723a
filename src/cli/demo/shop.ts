// The PostgreSQL database of the demo: a small shop. It is kept as a dump that a hook makes before each backup, and compared
// by a checksum over every row of every table.

import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { runTool } from './run-tool.ts';
import type { Cluster } from './postgres.ts';

export const SHOP_DATABASE = 'shop';
export const DUMP = 'shop.dump';

const TABLES = `
CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, mail text UNIQUE, since date, note text);
CREATE TABLE product (id int PRIMARY KEY, title text NOT NULL, price numeric(10,2), tags jsonb, picture bytea);
CREATE TABLE purchase (id bigint PRIMARY KEY, customer int NOT NULL REFERENCES customer, product int NOT NULL REFERENCES product,
  amount int CHECK (amount > 0), at timestamptz NOT NULL, paid boolean);
CREATE INDEX ON purchase (customer, at);
INSERT INTO customer SELECT n, (ARRAY['Åsa Öberg','José Núñez','王小明','Zoë O''Neil','Ιωάννης','Max Muster'])[1 + n % 6] || ' ' || n,
  'customer' || n || '@example.com', date '2015-01-01' + n * 11, CASE n % 7 WHEN 0 THEN E'tab\\tand\\nnew line, "quoted" \\\\' END
  FROM generate_series(1, 300) n;
INSERT INTO product SELECT n, 'Thing no. ' || n, (random() * 500)::numeric(10,2), jsonb_build_object('kind', n % 9, 'new', n % 2 = 0),
  decode(md5(random()::text) || md5(random()::text), 'hex') FROM generate_series(1, 120) n;
INSERT INTO purchase SELECT n, 1 + n % 300, 1 + (n * 7) % 120, 1 + n % 5, timestamptz '2024-01-01 00:00+00' + n * interval '3 hours',
  CASE WHEN n % 20 > 0 THEN random() > 0.1 END FROM generate_series(1, 4000) n;
`;

export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  readonly checksum: string;
}

/** Fills the new cluster. */
export async function makeShop(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await cluster.sql('postgres', `CREATE DATABASE ${SHOP_DATABASE}`, signal);
  await cluster.sql(SHOP_DATABASE, TABLES, signal);
}

/** A checksum over the text of every row, for every table. */
export async function digestsOf(cluster: Cluster, database: string, signal: AbortSignal): Promise<TableDigest[]> {
  const named = `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;
  const digests: TableDigest[] = [];
  for (const table of await cluster.sql(database, named, signal)) {
    const rows = `SELECT quote_literal(row::text) FROM ${table} row ORDER BY row::text COLLATE "C"`;
    const lines = await cluster.sql(database, rows, signal); // oxlint-disable-line no-await-in-loop -- one small table after the other
    const [count = ''] = await cluster.sql(database, `SELECT count(*) FROM ${table}`, signal); // oxlint-disable-line no-await-in-loop
    digests.push({ table, rows: Number(count), checksum: createHash('sha256').update(lines.join('\n')).digest('hex') });
  }
  return digests;
}

/**
 * Writes the hook's program and answers with its argument list. Each job of the service runs it, two may do so at once: each
 * writes under a name of its own and puts the dump in place whole.
 */
export async function makeDumpHook(cluster: Cluster, program: string, dump: string): Promise<readonly string[]> {
  const script = 'file=$1; shift\n"$@" >"$file.$$.part" && mv "$file.$$.part" "$file"';
  await writeFile(program, `#!/bin/sh\n# dump-shop FILE PG_DUMP ARGUMENT...\n${script}\n`, { mode: 0o755 });
  return [program, dump, ...cluster.client('pg_dump', '--format=custom', SHOP_DATABASE)];
}

/** Into a new database of the cluster. */
export async function restoreDump(cluster: Cluster, dump: string, database: string, signal: AbortSignal): Promise<void> {
  await cluster.sql('postgres', `CREATE DATABASE ${database}`, signal);
  const argv = cluster.client('pg_restore', '--exit-on-error', `--dbname=${database}`);
  const stdin = createReadStream(dump); // the owner of the cluster cannot get to it
  await runTool({ argv, operation: 'restore', subject: dump, stdin, cwd: '/' }, signal);
}

/** Sentences; none when both are equal. */
export function compareDigests(expected: readonly TableDigest[], found: readonly TableDigest[]): string[] {
  const differences = expected.flatMap((table) => {
    const other = found.find((each) => each.table === table.table);
    if (!other) return [`table ${table.table} is missing`];
    if (other.rows !== table.rows) return [`table ${table.table} has ${other.rows} rows instead of ${table.rows}`];
    return other.checksum === table.checksum ? [] : [`rows of table ${table.table} differ`];
  });
  const extra = found.filter((table) => !expected.some((each) => each.table === table.table));
  return [...differences, ...extra.map(({ table }) => `table ${table} was not there before`)];
}
