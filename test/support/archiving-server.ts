// A real PostgreSQL server that archives into real repositories of pgBackRest, all below one directory, run by an ordinary user.

import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { PostgresConfig } from '../../src/config/configuration.ts';
import type { Section } from './cli.ts';
import { asOwner, makeCluster, OWNER, ownDirectory, PROGRAMS } from './postgres.ts';

const PORT = 5499;

export interface ServerOptions {
  /** How many; each is a directory, 'repo1', 'repo2'. */
  readonly repositories?: number;
  /** Further lines of its pgbackrest configuration. */
  readonly lines?: readonly string[];
  /** What it archives with, in the place of pgBackRest. */
  readonly archiveCommand?: string;
  /** The name of the first file of its log: as if it had been written to for long. */
  readonly firstFile?: string;
}

export class ArchivingServer implements Disposable {
  readonly directory: string;
  readonly data: string;
  readonly configFile: string;
  readonly archiveCommand: string;
  #running = false;

  /** In `directory`, which must not exist; `stanza` is not created yet. */
  constructor(directory: string, { repositories = 1, lines = [], firstFile, archiveCommand }: ServerOptions = {}) {
    chmodSync(dirname(directory), 0o711); // or nobody else reaches what is in it
    mkdirSync(directory, { mode: 0o755 });
    chmodSync(directory, 0o755);
    chownSync(directory, OWNER.uid, OWNER.gid);
    this.directory = directory;
    this.data = join(directory, 'data');
    this.configFile = join(directory, 'pgbackrest.conf');
    this.archiveCommand = archiveCommand ?? `pgbackrest --config=${this.configFile} --stanza=main archive-push %p`;
    const keys = Array.from({ length: repositories }, (_, index) => index + 1);
    for (const name of ['socket', 'log', 'lock', ...keys.map((key) => `repo${key}`)]) ownDirectory(join(directory, name));
    const settings = [
      '[main]',
      `pg1-path=${this.data}`,
      `pg1-port=${PORT}`,
      `pg1-socket-path=${this.socket}`,
      ...keys.flatMap((key) => [`repo${key}-path=${join(directory, `repo${key}`)}`, `repo${key}-retention-full=2`]),
      `log-path=${join(directory, 'log')}`,
      `lock-path=${join(directory, 'lock')}`,
      'compress-type=lz4',
      'archive-timeout=20',
      ...lines,
    ];
    writeFileSync(this.configFile, `${settings.join('\n')}\n`);
    this.make();
    if (firstFile !== undefined)
      asOwner(join(PROGRAMS, 'pg_resetwal'), [`--next-wal-file=${firstFile}`, '--pgdata', this.data]);
    this.start();
  }

  get socket(): string {
    return join(this.directory, 'socket');
  }

  /** Under `services.NAME.postgres`. */
  get section(): Section {
    return { engine: 'pgbackrest', ...this.declared };
  }

  /** The same as it is resolved. */
  get declared(): Pick<PostgresConfig, 'dataDir' | 'stanza' | 'user' | 'socket' | 'port' | 'configFile'> {
    const user = process.getuid?.() === 0 ? 'postgres' : userInfo().username;
    const { data, socket, configFile } = this;
    return { dataDir: data, stanza: 'main', user, socket, port: PORT, configFile };
  }

  /** A new cluster where its data directory is to be, which must not exist. */
  make(): void {
    makeCluster(this.data, '--wal-segsize=1');
    appendFileSync(
      join(this.data, 'postgresql.conf'),
      `
port = ${PORT}
listen_addresses = ''
unix_socket_directories = '${this.socket}'
archive_mode = on
archive_command = '${this.archiveCommand}'
max_wal_size = 16MB
min_wal_size = 2MB
dynamic_shared_memory_type = mmap
shared_buffers = 16MB
fsync = off
`,
    );
  }

  start(): void {
    this.#control('start', '--log', join(this.directory, 'log', 'server.log'), '--wait');
    this.#running = true;
  }

  stop(): void {
    this.#control('stop', '--mode=fast', '--wait');
    this.#running = false;
  }

  /** Another cluster takes the place of this one, whose data is moved aside. */
  replace(): void {
    this.stop();
    renameSync(this.data, `${this.data}.before`);
    this.make();
    this.start();
  }

  /** Lines of the answer. */
  sql(text: string, database = 'postgres'): string[] {
    const where = [`--host=${this.socket}`, `--port=${PORT}`, '--username=postgres', `--dbname=${database}`];
    const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', ...where];
    return asOwner(join(PROGRAMS, 'psql'), args, text).split('\n').filter(Boolean);
  }

  /** The tool itself, as whoever runs the server; throws unless it succeeds. */
  pgbackrest(...args: readonly string[]): string {
    return asOwner('pgbackrest', [`--config=${this.configFile}`, '--stanza=main', ...args]);
  }

  /** Labels of the backups that a repository holds. */
  labels(repository: number): string[] {
    const [stanza] = JSON.parse(this.pgbackrest(`--repo=${repository}`, 'info', '--output=json')) as {
      backup: { label: string }[];
    }[];
    return (stanza?.backup ?? []).map(({ label }) => label);
  }

  archiveBy(command: string): void {
    this.sql(`alter system set archive_command = '${command.replaceAll("'", "''")}'`);
    this.sql('select pg_reload_conf()');
    while (this.sql('show archive_command')[0] !== command); // a session that is begun after the reload has it
  }

  /** Until that is true of the server, asked anew each time: one that recovers ends whatever takes long. */
  until(condition: string): void {
    while (this.sql(`select ${condition}`)[0] !== 't');
  }

  /** Answers with its name; it may not be archived yet. */
  finishFile(): string {
    this.sql('create table if not exists moved_on (); drop table moved_on'); // an empty one is not switched
    const [file = ''] = this.sql('select pg_walfile_name(pg_switch_wal())');
    return file;
  }

  /** Until it has got rid of all files that it has finished. */
  waitForArchiver(): void {
    this.until("not exists (select 1 from pg_ls_archive_statusdir() where name ~ 'ready$')");
  }

  /** As if every file of its log that it knows of had been finished so many seconds ago. */
  ageFinished(seconds: number): void {
    const then = Date.now() / 1000 - seconds;
    const directory = join(this.data, 'pg_wal/archive_status');
    for (const name of readdirSync(directory)) utimesSync(join(directory, name), then, then);
  }

  /** Has the oldest file that waits archived, and no other. */
  archiveOne(): void {
    const directory = join(this.data, 'pg_wal/archive_status');
    const [ready = ''] = readdirSync(directory)
      .filter((name) => name.endsWith('.ready'))
      .toSorted();
    this.pgbackrest('archive-push', join(this.data, 'pg_wal', ready.replace('.ready', '')));
    renameSync(join(directory, ready), join(directory, ready.replace('.ready', '.done')));
  }

  /** Where a repository has the log of its first cluster, whatever the version. */
  archive(repository = 1): string {
    const stanza = join(this.directory, `repo${repository}`, 'archive/main');
    const id = readdirSync(stanza).find((name) => /^\d+-1$/.test(name));
    if (id === undefined) throw new Error(`repo${repository} has no archive`);
    return join(stanza, id);
  }

  /** Files of the log in a repository, oldest first, as paths below `archive()`. */
  archived(repository = 1): string[] {
    return readdirSync(this.archive(repository), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\/[0-9A-F]{24}-/.test(path))
      .toSorted();
  }

  /** As if everything in the archive of a repository had come there so many seconds earlier. */
  ageArchive(seconds: number, repository = 1): void {
    const then = Date.now() / 1000 - seconds;
    for (const path of this.archived(repository)) utimesSync(join(this.archive(repository), path), then, then);
  }

  [Symbol.dispose](): void {
    if (this.#running) this.#control('stop', '--mode=immediate', '--wait');
    this.#running = false;
  }

  #control(what: string, ...args: readonly string[]): void {
    // its standard output would be held open by the server
    asOwner('sh', [
      '-c',
      'exec "$@" >/dev/null 2>&1 </dev/null',
      'sh',
      join(PROGRAMS, 'pg_ctl'),
      what,
      '--pgdata',
      this.data,
      ...args,
    ]);
  }
}
