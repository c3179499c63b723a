// A PostgreSQL server of its own that archives with a real pgBackRest, as production does, and a log of what was committed when.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import { asOwner, makeCluster, OWNER, ownDirectory, postgresDirectory, SERVER_PROGRAMS } from './postgres.ts';

export interface Committed {
  readonly id: number;
  /** Microseconds since 1970, just after the commit. */
  readonly after: bigint;
}

export interface Production extends Disposable {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  readonly configFile: string;
  readonly repository: string;
  /** Every transaction, in order. */
  readonly committed: readonly Committed[];
  sql(text: string, database?: string): string;
  pgbackrest(...args: readonly string[]): string;
  /** Commits so many rows, one transaction each. */
  commit(count: number): void;
  /** Everything so far is in the archive. */
  archiveAll(): void;
  start(): void;
  stop(mode?: 'fast' | 'immediate'): void;
  /** Of every byte and name in the repository. */
  digest(): string;
}

export const USER = execFileSync('id', ['-un', String(OWNER.uid)], { encoding: 'utf8' }).trim();
export const PORT = 5999;

export function startProduction(): Production {
  const temporary = postgresDirectory();
  const root = temporary.path;
  const [socket, repository, log] = ['sock', 'repo', 'log'].map((name) => ownDirectory(join(root, name))) as [
    string,
    string,
    string,
  ];
  const configFile = join(root, 'pgbackrest.conf');
  const data = makeCluster(join(root, 'main'), `--username=${USER}`);
  const settings = [
    '[global]',
    `repo1-path=${repository}`,
    'repo1-retention-full=9',
    `log-path=${log}`,
    `lock-path=${join(root, 'lock')}`,
    `spool-path=${join(root, 'spool')}`,
    'compress-type=lz4',
    'start-fast=y',
    '[db]',
    `pg1-path=${data}`,
    `pg1-socket-path=${socket}`,
    `pg1-port=${PORT}`,
  ];
  writeFileSync(configFile, `${settings.join('\n')}\n`);
  chmodSync(configFile, 0o644);
  appendFileSync(
    join(data, 'postgresql.conf'),
    `listen_addresses = ''
unix_socket_directories = '${socket}'
port = ${PORT}
archive_mode = on
archive_command = 'pgbackrest --config=${configFile} --stanza=db archive-push %p'
shared_preload_libraries = 'pg_stat_statements'
fsync = off
`,
  );
  const committed: Committed[] = [];
  const start = (): void =>
    void asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', data, '-w', '-l', join(log, 'server.log'), 'start']);
  const stop = (mode = 'fast'): void => void asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', data, '-w', '-m', mode, 'stop']);
  const sql = (text: string, database = 'postgres'): string =>
    asOwner(
      SERVER_PROGRAMS.need('psql'),
      ['-h', socket, '-p', String(PORT), '-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', database],
      text,
    ).trim();
  const pgbackrest = (...args: readonly string[]): string => {
    const said = asOwner('pgbackrest', [`--config=${configFile}`, '--stanza=db', ...args]);
    if (args.includes('backup')) sql('SELECT pg_sleep(1.1)'); // its end is known to the second: what follows is surely after it
    return said;
  };
  start();
  pgbackrest('stanza-create');
  sql('CREATE TABLE ledger (id int PRIMARY KEY, note text)');
  return {
    root,
    data,
    socket,
    configFile,
    repository,
    committed,
    sql,
    pgbackrest,
    start,
    stop,
    commit(count) {
      const first = committed.length;
      const statements = Array.from(
        { length: count },
        (_, index) => `INSERT INTO ledger VALUES (${first + index + 1}, md5(random()::text));
SELECT ${first + index + 1}, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
SELECT pg_sleep(0.01);`,
      );
      for (const line of sql(statements.join('\n')).split('\n')) {
        const [id, after] = line.split('|');
        if (id && after) committed.push({ id: Number(id), after: BigInt(after) });
      }
    },
    archiveAll() {
      const file = sql('SELECT pg_walfile_name(pg_switch_wal())');
      for (let tries = 0; tries < 300; tries += 1) {
        const archived = sql('SELECT last_archived_wal FROM pg_stat_archiver');
        if (archived >= file) return;
        sql('SELECT pg_sleep(0.1)');
      }
      throw new Error(`${file} was not archived`);
    },
    digest() {
      const hash = createHash('sha256');
      const visit = (directory: string): void => {
        for (const entry of readdirSync(directory, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
          const path = join(directory, entry.name);
          hash.update(`${path}\0`);
          if (entry.isDirectory()) visit(path);
          else if (entry.isSymbolicLink()) hash.update('link');
          else hash.update(readFileSync(path));
        }
      };
      visit(repository);
      return hash.digest('hex');
    },
    [Symbol.dispose]() {
      try {
        stop('immediate');
      } catch {
        // the test stopped it
      }
      temporary[Symbol.dispose]();
    },
  };
}

/** A millisecond in which nothing was committed, right after that transaction; as PostgreSQL writes times, two hours east. */
export function momentAfter({ committed }: Production, index: number): string {
  const transaction = committed[index];
  if (!transaction) throw new RangeError(`${index} of ${committed.length}`);
  const at = new Date(Number(transaction.after / 1000n) + 1);
  const east = new Date(at.getTime() + 2 * 3_600_000).toISOString();
  return `${east.replace('T', ' ').replace('Z', '')}+02`;
}

/** As `IDS` answers on a server that holds just those. */
export const idsUntil = ({ committed }: Production, index: number): string =>
  committed
    .slice(0, index + 1)
    .map(({ id }) => id)
    .join(',');
export const IDS = "SELECT string_agg(id::text, ',' ORDER BY id) FROM ledger";

/** A word list of the rows that a server which is served for a moment holds: the directory is a stopped cluster. */
export function rowsOf(data: string, query: string, database = 'postgres'): string {
  const temporary = postgresDirectory();
  try {
    writeFileSync(join(temporary.path, 'conf'), '');
    writeFileSync(join(temporary.path, 'hba'), 'local all all trust\n');
    for (const name of ['conf', 'hba']) chmodSync(join(temporary.path, name), 0o644);
    const options = `-c config_file=${temporary.path}/conf -c hba_file=${temporary.path}/hba -c listen_addresses= -c unix_socket_directories=${temporary.path}`;
    const control = (...args: readonly string[]): string =>
      execFileSync(
        [...asUser(OWNER), 'x'].length > 1 ? 'setpriv' : SERVER_PROGRAMS.need('pg_ctl'),
        [
          ...asUser(OWNER).slice(1),
          ...(asUser(OWNER).length > 0 ? [SERVER_PROGRAMS.need('pg_ctl')] : []),
          '-D',
          data,
          '-w',
          ...args,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' },
      );
    control('-l', join(temporary.path, 'log'), '-o', options, 'start');
    try {
      return asOwner(SERVER_PROGRAMS.need('psql'), ['-h', temporary.path, '-qAtX', '-d', database], query).trim();
    } finally {
      control('-m', 'fast', 'stop');
    }
  } finally {
    temporary[Symbol.dispose]();
  }
}
