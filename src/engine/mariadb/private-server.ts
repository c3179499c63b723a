// A MariaDB server for ourselves, on data of our own. It cannot be reached but through a socket in a directory of its own, and does nothing
// by itself: no events, no replication, no log that others would follow.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { MariadbSettings } from '../../domain/mariadb-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { type Background, startBackground } from '../../process/background.ts';
import { isNamedBy, untilNamedByNobody } from '../../process/named-by.ts';
import { IDLE_LIMIT, runProcess } from '../../process/run-process.ts';
import { clientSetting, type MariadbAddress, mariadbProgram } from '../../tools/mariadb/client.ts';
import { argvAs } from '../../tools/util-linux/as-user.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';

export interface PrivateMariadb extends AsyncDisposable {
  readonly address: MariadbAddress;
}

export interface PrivateMariadbSpec {
  /** A directory of ours with room; its owner can get to it. */
  readonly home: string;
  /** Whom the server runs as; never root. */
  readonly owner: Owner;
  readonly settings: MariadbSettings;
  /** For errors. */
  readonly subject: string;
}

/** Empty, with an account `root` that needs no password: whoever gets to the socket is its owner, or root. */
export async function makeMariadbData({ home, owner, subject }: PrivateMariadbSpec, signal: AbortSignal): Promise<string> {
  const data = join(home, 'data');
  await filesOf(owner, signal).makeDirectory(data);
  const shape = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  const argv = argvAs(owner, mariadbProgram('mariadb-install-db'), ...shape, '--skip-name-resolve', `--tmpdir=${data}`);
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation: 'make a server in', subject: data, ...clientSetting() },
    { signal, idle: { limit: IDLE_LIMIT } },
  );
  if (exitCode === 0) return data;
  const said = [...stdout.split('\n').filter((line) => /error/i.test(line)), ...stderrTail];
  throw new HoldfastError({
    code: 'unsupported',
    operation: 'make a server for',
    subject,
    message: said[0] ?? `mariadb-install-db ended with exit code ${exitCode}`,
    tool: { name: 'mariadb-install-db', exitCode, stderrTail: said },
  });
}

/** What it reads of the machine is nothing, and what it does for others is nothing. */
const argsOf = (data: string, place: string, { charset, collation, lowerCaseTableNames }: MariadbSettings): string[] => [
  '--no-defaults',
  `--datadir=${data}`,
  `--socket=${socketIn(place)}`,
  `--pid-file=${pidFileIn(place)}`,
  `--tmpdir=${place}`,
  '--skip-networking',
  '--skip-log-bin',
  '--skip-slave-start',
  '--skip-name-resolve',
  '--event-scheduler=OFF', // DISABLED, none could be loaded
  '--local-infile=OFF',
  `--lower-case-table-names=${lowerCaseTableNames}`,
  `--character-set-server=${charset}`,
  `--collation-server=${collation}`,
  '--max-allowed-packet=1G',
  // nobody misses it after a power cut; a server that knows these no longer goes without
  '--loose-innodb-flush-log-at-trx-commit=0',
  '--loose-innodb-doublewrite=OFF',
];

const socketIn = (place: string): string => join(place, 'socket');
const pidFileIn = (place: string): string => join(place, 'pid');

const READY = 'ready for connections';

/** Of a server whose Holdfast died. Its data is nobody's: it is told to end at once. */
export const PRIVATE_MARIADB: EffectKind = {
  kind: 'private-mariadb',
  async undo({ data, place, uid, gid }, signal) {
    if (typeof data !== 'string' || typeof place !== 'string' || typeof uid !== 'number' || typeof gid !== 'number') return;
    const pid = await pidIn(place);
    if (pid !== null && isNamedBy(pid, data)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (errnoOf(error) !== 'ESRCH') throw error;
      }
    }
    await untilNamedByNobody(data, duration(30, 's'));
    await filesOf({ uid, gid }, signal).remove(place);
  },
};

async function pidIn(place: string): Promise<number | null> {
  try {
    const pid = Number(await readFile(pidFileIn(place), 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Starts it, and waits until it answers; recorded, so that after a crash the next start ends it. Ended when it is disposed of. */
export async function holdPrivateMariadb(
  spec: PrivateMariadbSpec,
  data: string,
  context: StepContext,
): Promise<PrivateMariadb> {
  const { owner, settings } = spec;
  const place = join(tmpdir(), `holdfast-${randomBytes(8).toString('hex')}`); // the name of a socket must be short
  await using held = new AsyncDisposableStack();
  held.use(
    await context.hold(PRIVATE_MARIADB.kind, { data, place, ...owner }, async () => {
      await filesOf(owner, context.signal).makeDirectory(place);
      held.use(await start(spec, argsOf(data, place, settings), context.signal));
    }),
  );
  const all = held.move();
  return {
    address: { socket: socketIn(place), user: 'root', defaultsFile: null },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function start(
  { owner, subject }: PrivateMariadbSpec,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Background> {
  const ready = Promise.withResolvers<void>();
  return await startBackground(
    {
      argv: argvAs(owner, mariadbProgram('mariadbd'), ...args),
      operation: 'start',
      subject: `${subject} from its dumps`,
      ...clientSetting(),
    },
    {
      signal,
      ready: ready.promise,
      idle: { limit: IDLE_LIMIT, until: ready.promise },
      onErrorLine: (line) => {
        if (line.includes(READY)) ready.resolve();
      },
    },
  );
}
