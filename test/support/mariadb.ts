// A real MariaDB server, run by an ordinary user below a directory of its own, which knows whoever runs the tests.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mariadbProgram } from '../../src/tools/mariadb/client.ts';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import type { Section } from './cli.ts';
import { asOwner, OWNER, ownDirectory, postgresDirectory } from './postgres.ts';

/** Who runs the tests, and so whom the server lets in through its socket. */
const SELF = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();

export interface MariadbServer extends AsyncDisposable {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  /** What `mariadb` of a service says of it. */
  readonly section: Section;
  /** Columns parted by tabs. */
  sql(text: string, database?: string): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A new server without databases in the place of this one, running. */
  begin(): Promise<void>;
}

export async function startMariadb(): Promise<MariadbServer> {
  const temporary = postgresDirectory();
  const root = temporary.path;
  const socket = join(ownDirectory(join(root, 'sock')), 's');
  const data = join(root, 'mysql');
  let running: ChildProcess | null = null;
  const make = (): void => {
    const how = ['--auth-root-authentication-method=socket', `--auth-root-socket-user=${SELF}`, '--skip-test-db'];
    asOwner(mariadbProgram('mariadb-install-db'), ['--no-defaults', `--datadir=${data}`, ...how]);
  };
  const sql = (text: string, database?: string): string =>
    execFileSync(
      mariadbProgram('mariadb'),
      [
        '--no-defaults',
        `--socket=${socket}`,
        `--user=${SELF}`,
        '--default-character-set=utf8mb4',
        '--batch',
        '--raw',
        '--skip-column-names',
        ...(database === undefined ? [] : [`--database=${database}`]),
      ],
      { input: text, encoding: 'utf8' },
    ).trim();
  const start = async (): Promise<void> => {
    const options = [`--datadir=${data}`, `--socket=${socket}`, '--skip-networking', '--innodb-flush-log-at-trx-commit=0'];
    const [program = '', ...rest] = [...asUser(OWNER), mariadbProgram('mariadbd'), '--no-defaults', ...options];
    const child = spawn(program, rest, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    running = child;
    const ready = Promise.withResolvers<void>();
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('ready for connections')) ready.resolve();
    });
    child.once('exit', () => ready.reject(new Error(`the server ended: ${said}`)));
    await ready.promise;
  };
  const stop = async (how: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const child = running;
    running = null;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(how);
    await gone;
  };
  make();
  await start();
  return {
    root,
    data,
    socket,
    section: { dataDir: data, socket, user: SELF },
    sql,
    start,
    stop: () => stop(),
    async begin() {
      await stop('SIGKILL');
      execFileSync('rm', ['-rf', data]);
      make();
      await start();
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
      temporary[Symbol.dispose]();
    },
  };
}
