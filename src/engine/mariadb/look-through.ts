// Whether what was loaded is good: every table is checked, every row is counted, and the queries of the service are asked.

import type { ServiceConfig, ValidatorConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { OWN_DATABASES } from '../../domain/mariadb-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { ask, identifier, literal, type MariadbAddress } from '../../tools/mariadb/client.ts';
import type { Validation } from '../validators/restored.ts';
import { subjectOf } from '../validators/validate.ts';

export interface LookedThrough {
  readonly tables: number;
  readonly rows: number;
  /** What was found wrong, in sentences. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  readonly validations: readonly Validation[];
}

/** A query may never end, and a large table takes its time. */
const QUERY_LIMIT = duration(1, 'h');
const MOST_LINES = 20;

/** Checked are views as well: of one whose table is gone nothing can be read. */
const TABLES = `SELECT table_type = 'VIEW', JSON_ARRAY(table_schema, table_name)
FROM information_schema.tables WHERE table_schema NOT IN (${[...OWN_DATABASES].map(literal).join(', ')});`;

export async function lookThroughMariadb(
  service: ServiceConfig,
  address: MariadbAddress,
  context: StepContext,
): Promise<LookedThrough> {
  const { signal } = context;
  const options = { signal, subject: service.name, timeout: QUERY_LIMIT };
  const all = (await ask(address, TABLES, options)).map(parseTable);
  const bad: string[] = [];
  let [tables, rows] = [0, 0];
  for (const { schema, table, isView } of all) {
    const name = `${identifier(schema)}.${identifier(table)}`;
    context.progress({ message: `checking ${schema}.${table}` });
    /* oxlint-disable no-await-in-loop -- one after the other, each with all that the machine has */
    bad.push(...(await ask(address, `CHECK TABLE ${name} EXTENDED;`, options)).filter(isBad));
    if (isView) continue;
    tables += 1;
    rows += Number((await ask(address, `SELECT COUNT(*) FROM ${name};`, options))[0]);
    /* oxlint-enable no-await-in-loop */
  }
  const validations: Validation[] = [];
  for (const validator of service.protection.validators) {
    if (validator.type !== 'sql') continue; // of its files, which have validations of their own
    context.progress({ message: `validating: sql ${subjectOf(validator)}` });
    validations.push(await validate(validator, address, signal)); // oxlint-disable-line no-await-in-loop -- in the order of the configuration
  }
  const problems = bad.length === 0 ? [] : [`a table is not sound: ${bad[0]?.replaceAll('\t', ' ')}`];
  return { tables, rows, problems, lines: bad.slice(0, MOST_LINES), validations };
}

interface Table {
  readonly schema: string;
  readonly table: string;
  readonly isView: boolean;
}

function parseTable(line: string): Table {
  const [isView = '', names = '[]'] = line.split('\t');
  const [schema = '', table = ''] = JSON.parse(names) as string[]; // as the query made it
  return { schema, table, isView: isView === '1' };
}

/** `shop.orders	check	status	OK`: what comes third. */
const isBad = (line: string): boolean => /^(?:error|warning)$/i.test(line.split('\t')[2] ?? '');

/** A database that is not there answers with an error, too. */
const OF_THE_QUERY: ReadonlySet<ErrorCode> = new Set(['tool-failed', 'timed-out', 'permission-denied']);

async function validate(
  { type, database, query }: Extract<ValidatorConfig, { type: 'sql' }>,
  address: MariadbAddress,
  signal: AbortSignal,
): Promise<Validation> {
  try {
    const answer = await ask(address, `${query.replace(/;\s*$/, '')}\n;`, {
      signal,
      subject: database,
      timeout: QUERY_LIMIT,
      database,
    });
    const ok = answer.length === 1 && answer[0] === '1'; // what MariaDB calls true
    const said = answer.length === 0 ? 'no row' : answer.length === 1 ? answer[0] : `${answer.length} rows`;
    return { type, subject: database, ok, message: ok ? null : `the query answered ${said}, not true (1)`, lines: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || !OF_THE_QUERY.has(error.code)) throw error;
    return { type, subject: database, ok: false, message: error.message, lines: [...(error.tool?.stderrTail ?? [])] };
  }
}
