// A private PostgreSQL server for the demo: a new cluster inside its folder. It will not run as root, so under root it belongs to
// an ordinary user of this machine.

import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../lib/errors.ts';
import { type PrivateServer, startPrivateServer } from '../../engine/postgres/private-server.ts';
import type { ServerPrograms } from '../../tools/postgresql/programs.ts';
import { asUser } from '../../tools/util-linux/as-user.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { runTool } from './run-tool.ts';

const SUPERUSER = 'shop';

export interface Cluster extends AsyncDisposable, Pick<PrivateServer, 'client' | 'stop'> {
  /** For instance `15.18`. */
  readonly version: string;
  /** Runs SQL in a database; answers with its lines. */
  sql(database: string, text: string, signal: AbortSignal): Promise<string[]>;
}

/** Makes a new cluster in `directory`, which must not exist, and starts it. */
export async function startCluster(programs: ServerPrograms, directory: string, signal: AbortSignal): Promise<Cluster> {
  const data = join(directory, 'data');
  const owner = await ordinaryUser();
  await mkdir(directory, { mode: 0o700 });
  if (process.getuid?.() === 0) await chown(directory, owner.uid, owner.gid);
  // Nothing here outlives the demo, so nothing waits for the disk.
  const shape = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=trust'];
  const initdb = [programs.need('initdb'), '--pgdata', data, '--username', SUPERUSER, ...shape] as const;
  const [first = initdb[0], ...rest] = asUser(owner);
  const subject = 'a private PostgreSQL server';
  await runTool(
    { argv: rest.length === 0 ? initdb : [first, ...rest, ...initdb], operation: 'start', subject, cwd: directory },
    signal,
  );
  const settings = { shared_buffers: '16MB', max_connections: '10' };
  const place = join(directory, 'run');
  const spec = { programs, data, place, owner, role: SUPERUSER, settings, durable: false, subject };
  await using held = new AsyncDisposableStack();
  const server = held.use(await startPrivateServer(spec, signal));
  const sql: Cluster['sql'] = (database, text, until) => server.sql(database, text, { signal: until });
  const [version = ''] = await sql('postgres', 'SHOW server_version', signal);
  const running = held.move();
  return {
    version: version.split(' ')[0] ?? version,
    client: (program, ...args) => server.client(program, ...args),
    sql,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function ordinaryUser(): Promise<Owner> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid !== 0) return { uid, gid };
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const account = accounts.find(([name]) => name === wanted);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new HoldfastError({
    code: 'unsupported',
    operation: 'start',
    subject: 'a private PostgreSQL server',
    message: 'it may not run as root, and there is no user postgres or nobody',
  });
}
