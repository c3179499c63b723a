// Putting dumps into a server: roles that it does not have, databases as they were made, and what is in them. Into a server in service,
// or into a private one that has nothing yet.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DumpedDatabase, GLOBALS } from '../../../domain/database-dumps.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { runProcess } from '../../../process/run-process.ts';
import { clientSetting, connectionTo, identifier, literal } from '../../../tools/postgresql/live-server.ts';
import type { Argv } from '../../../tools/util-linux/as-user.ts';
import { databaseProperties, missingRoles, propertyLines } from '../../../tools/postgresql/statements.ts';

export interface Target {
  /** The argv of pg_restore for this server. */
  restore(...args: readonly string[]): Argv;
  /** Runs SQL in the database `postgres`; answers with its lines. */
  sql(text: string, signal: AbortSignal): Promise<string[]>;
  /** How many tables of a database are loaded at once. Above one, its user can read the dumps. */
  readonly atOnce: number;
}

/** Makes those that are not there, in one transaction; answers with their names. Those that are there stay as they are. */
export async function makeRoles(target: Target, directory: string, signal: AbortSignal): Promise<readonly string[]> {
  const existing = await target.sql('SELECT to_json(rolname) FROM pg_roles', signal);
  const globals = await readFile(join(directory, GLOBALS), 'utf8');
  const { names, statements } = missingRoles(globals, new Set(existing.map((line) => JSON.parse(line) as string)));
  if (names.length > 0) await target.sql(inOne(statements), signal);
  return names;
}

export const inOne = (statements: readonly string[]): string => `BEGIN;\n${statements.join(';\n')};\nCOMMIT;\n`;

/** Empty, with the owner, encoding and locale of the one that was dumped. */
export function createDatabase(name: string, shape: Omit<DumpedDatabase, 'name' | 'size' | 'bytes' | 'file'>): string {
  const { owner, encoding, collate, ctype, provider, locale, rules } = shape;
  const words = [
    `CREATE DATABASE ${identifier(name)} OWNER ${identifier(owner)} TEMPLATE template0 ENCODING ${literal(encoding)}`,
    `LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}`,
    // a server that knows no other provider than libc does not know the word either
    ...(provider === 'i' && locale !== null ? [`LOCALE_PROVIDER icu ICU_LOCALE ${literal(locale)}`] : []),
    ...(provider === 'i' && rules !== null ? [`ICU_RULES ${literal(rules)}`] : []),
    ...(provider === 'b' && locale !== null ? [`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(locale)}`] : []),
  ];
  return words.join(' ');
}

export interface Loading {
  readonly target: Target;
  /** Where the dumps are. */
  readonly directory: string;
  /** Tables go into the default tablespace: the server does not have those of the dump. */
  readonly noTablespaces: boolean;
}

/** Loads a dump into a database. Throws `not-restored` with what pg_restore said. */
export async function loadDump(
  { target, directory, noTablespaces }: Loading,
  { name, file }: DumpedDatabase,
  into: string,
  signal: AbortSignal,
): Promise<void> {
  const dump = join(directory, file);
  const args = ['--exit-on-error', ...(noTablespaces ? ['--no-tablespaces'] : []), `--dbname=${connectionTo(into)}`];
  await (target.atOnce > 1
    ? pgRestore(target.restore(...args, `--jobs=${target.atOnce}`, dump), name, signal)
    : pgRestore(opened(dump, NO_LIST, target.restore(...args)), name, signal));
}

/** What was said of the database itself: its settings, rights and comment, as statements about the name that it had. */
export async function propertiesOf(
  { target, directory }: Loading,
  { name, file }: DumpedDatabase,
  signal: AbortSignal,
): Promise<string[]> {
  const dump = join(directory, file);
  const listed = await pgRestore(opened(dump, NO_LIST, target.restore('--create', '--list')), name, signal);
  const list = `${dump}.list`;
  await writeFile(list, `${propertyLines(listed).join('\n')}\n`, { mode: 0o644, flag: 'wx' }); // a link would lead elsewhere
  const words = target.restore('--create', '--use-list=/dev/fd/3', '--file=-');
  return databaseProperties(await pgRestore(opened(dump, list, words), name, signal));
}

const NO_LIST = '/dev/null';

/** The program runs as a user who may not get to where the files are: it is given them open. Several processes cannot share one. */
const opened = (dump: string, list: string, argv: Argv): Argv => [
  'sh',
  '-c',
  'dump=$1; list=$2; shift 2; exec "$@" <"$dump" 3<"$list"',
  'sh',
  dump,
  list,
  ...argv,
];

async function pgRestore(argv: Argv, database: string, signal: AbortSignal): Promise<string> {
  const subject = `the database ${database}`;
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation: 'load', subject, ...clientSetting() },
    { signal, verbatim: true },
  );
  if (exitCode === 0) return stdout;
  const why =
    stderrTail.find((line) => /error|FATAL/i.test(line))?.replace(/^pg_restore: (?:error: )?/, '') ??
    `pg_restore ended with exit code ${exitCode}`;
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'load',
    subject,
    message: `${subject} cannot be loaded: ${why}`,
    hint: 'Its last lines say why. Extensions that the database uses have to be installed on the machine of the server.',
    retry: 'later',
    tool: { name: 'pg_restore', exitCode, stderrTail },
  });
}
