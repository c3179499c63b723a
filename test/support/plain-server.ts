// A real PostgreSQL server that archives nothing, run by an ordinary user below a directory of its own.

import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionTo } from '../../src/tools/postgresql/live-server.ts';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import type { Section } from './cli.ts';
import { asOwner, makeCluster, OWNER, ownDirectory, postgresDirectory, SERVER_PROGRAMS } from './postgres.ts';

const USER = execFileSync('id', ['-un', String(OWNER.uid)], { encoding: 'utf8' }).trim();
const PORT = 5899;

export interface PlainServer extends Disposable {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  /** What `postgres` of a service says of it. */
  readonly section: Section;
  sql(text: string, database?: string): string;
  /** Takes a table for itself alone, until the answer is called. */
  lock(table: string, database: string): () => void;
  start(): void;
  stop(): void;
  /** A fresh cluster in the place of this one, running. */
  begin(): void;
}

export function startPlainServer(): PlainServer {
  const temporary = postgresDirectory();
  const root = temporary.path;
  const socket = ownDirectory(join(root, 'sock'));
  const data = join(root, 'main');
  const control = (...args: readonly string[]): void =>
    void asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', data, '-w', '-l', join(root, 'server.log'), ...args]);
  const make = (): void => {
    makeCluster(data, `--username=${USER}`);
    const lines = ["listen_addresses = ''", `unix_socket_directories = '${socket}'`, `port = ${PORT}`, 'fsync = off'];
    appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  };
  const sql = (text: string, database = 'postgres'): string =>
    asOwner(
      SERVER_PROGRAMS.need('psql'),
      ['-h', socket, '-p', String(PORT), '-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', connectionTo(database)],
      text,
    ).trim();
  const end = (): void => {
    try {
      control('-m', 'immediate', 'stop');
    } catch {
      // the test stopped it
    }
  };
  make();
  control('start');
  return {
    root,
    data,
    socket,
    section: { engine: 'dump', dataDir: data, user: USER, socket, port: PORT },
    sql,
    lock(table, database) {
      const [program, ...rest] = [...asUser(OWNER), SERVER_PROGRAMS.need('psql')];
      const child = spawn(program, [...rest, '-h', socket, '-p', String(PORT), '-qAtX', '-d', connectionTo(database)], {
        cwd: '/',
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.write(`BEGIN; LOCK TABLE ${table};\n`);
      const locks = `SELECT count(*) FROM pg_locks WHERE relation = '${table}'::regclass AND mode = 'AccessExclusiveLock'`;
      while (sql(locks, database) === '0');
      return () => child.stdin.end();
    },
    start: () => control('start'),
    stop: () => control('-m', 'fast', 'stop'),
    begin() {
      end();
      execFileSync('rm', ['-rf', data]);
      make();
      control('start');
    },
    [Symbol.dispose]() {
      end();
      temporary[Symbol.dispose]();
    },
  };
}
