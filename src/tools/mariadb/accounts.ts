// Users and roles of a MariaDB server as statements: each with a line before it that says whose it is, so that of a file of them only
// those can be run that a server lacks. Pure.

import * as z from 'zod';
import { identifier, literal } from './client.ts';

export interface Account {
  readonly user: string;
  /** Empty for a role. */
  readonly host: string;
}

export interface OwnedStatements {
  readonly account: Account;
  readonly statements: readonly string[];
}

/** The one that everybody has, and nobody makes. */
const PUBLIC = 'PUBLIC';
/** It belongs to the server itself. */
const OWN = 'mariadb.sys';

const isRole = ({ host }: Account): boolean => host === '';
export const keyOf = ({ user, host }: Account): string => JSON.stringify([user, host]);
const quoted = (account: Account): string =>
  isRole(account) ? identifier(account.user) : `${identifier(account.user)}@${identifier(account.host)}`;

export const ACCOUNTS_QUERY =
  "SELECT JSON_OBJECT('user', user, 'host', host) FROM mysql.global_priv ORDER BY host <> '', user, host;\n";

const account = z.object({ user: z.string(), host: z.string() });

export const parseAccounts = (lines: readonly string[]): Account[] =>
  lines.map((line) => account.parse(JSON.parse(line))).filter(({ user }) => user !== OWN);

/** An account of that name, into which nobody gets. */
export const standInFor = (whose: Account): string => `CREATE USER IF NOT EXISTS ${quoted(whose)} ACCOUNT LOCK`;

/** Before the answers about each account. */
const MARK = '-- account ';

/** What asks for the statements of all accounts. */
export const statementsQuery = (accounts: readonly Account[]): string =>
  accounts
    .map((each) => {
      const name = isRole(each) && each.user === PUBLIC ? PUBLIC : quoted(each);
      const made = isRole(each) ? '' : `SHOW CREATE USER ${name};\n`;
      return `SELECT ${literal(MARK + JSON.stringify(each))};\n${made}SHOW GRANTS FOR ${name};\n`;
    })
    .join('');

export interface AccountStatements {
  readonly users: readonly OwnedStatements[];
  readonly grants: readonly OwnedStatements[];
}

/** `lines`: the answer to `statementsQuery`. */
export function parseStatements(lines: readonly string[]): AccountStatements {
  const blocks = blocksOf(lines);
  return {
    users: blocks.map((block) => ({ account: block.account, statements: creationOf(block) })),
    grants: blocks.map(({ account: whose, statements }) => ({
      account: whose,
      statements: statements.filter((each) => isOf(each, whose) && !each.startsWith('CREATE ')),
    })),
  };
}

function creationOf({ account: whose, statements }: OwnedStatements): string[] {
  if (whose.user === PUBLIC && isRole(whose)) return [];
  if (isRole(whose)) return [`CREATE ROLE IF NOT EXISTS ${quoted(whose)}`];
  return statements
    .filter((each) => each.startsWith('CREATE USER '))
    .map((each) => each.replace('CREATE USER ', 'CREATE USER IF NOT EXISTS '));
}

/** To a role the server shows what other roles have, too, if it has those. */
const isOf = (statement: string, whose: Account): boolean =>
  !isRole(whose) || whose.user === PUBLIC || / TO (.+?)(?: WITH .*)?$/s.exec(statement)?.[1] === quoted(whose);

/** As a file, which a client runs as it is. */
export const renderStatements = (owned: readonly OwnedStatements[]): string =>
  owned
    .filter(({ statements }) => statements.length > 0)
    .map(
      ({ account: whose, statements }) =>
        `${MARK}${JSON.stringify(whose)}\n${statements.map((each) => `${each};\n`).join('')}`,
    )
    .join('');

/** What `renderStatements` wrote. */
export const readStatements = (text: string): OwnedStatements[] =>
  blocksOf(text.split('\n').filter(Boolean)).map(({ account: whose, statements }) => ({
    account: whose,
    statements: joined(statements),
  }));

/** A statement goes on until a line ends with `;`. */
function joined(lines: readonly string[]): string[] {
  const statements: string[] = [];
  let open = '';
  for (const line of lines) {
    open += open === '' ? line : `\n${line}`;
    if (!open.endsWith(';')) continue;
    statements.push(open.slice(0, -1));
    open = '';
  }
  return statements;
}

function blocksOf(lines: readonly string[]): OwnedStatements[] {
  const blocks: { account: Account; statements: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith(MARK)) blocks.push({ account: account.parse(JSON.parse(line.slice(MARK.length))), statements: [] });
    else blocks.at(-1)?.statements.push(line);
  }
  return blocks;
}
