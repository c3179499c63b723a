// `up`: starts a keeper for each host, or one for all hosts of a network, and waits until they are up.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ulid } from 'ulid';
import { describeDuration, type Duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { cacheDirectory, openCache } from '../cache.ts';
import { assertHostName } from '../lab.ts';
import { sizeOf } from '../host-files.ts';
import { assertNothingMissing, missingThings } from '../requirements.ts';
import { knownHosts } from './inventory.ts';
import type { KeeperNews, KeeperOrder } from './keeper.ts';
import { note, say, tellError } from './output.ts';

export interface UpOptions {
  readonly machine?: true | undefined;
  readonly disk?: readonly string[] | undefined;
  readonly packages?: readonly string[] | undefined;
  readonly network?: true | undefined;
}

const ROOT = resolve(import.meta.dirname, '../..');

/** Answers with the exit code. One that cannot be started is no reason to end the others. */
export async function up(names: readonly string[], options: UpOptions): Promise<number> {
  const { disk = [], packages = [], network = false } = options;
  const kind = options.machine ? 'machine' : 'container';
  checkRequest(names, kind, options);
  openCache();
  if (kind === 'machine') note(`starting ${names.join(', ')}: a machine that is emulated takes up to a minute`);
  const groups = network ? [names] : names.map((name) => [name]);
  const codes = await Promise.all(
    groups.map(async (group) => {
      const begin = performance.now();
      try {
        await startKeeper({ kind, names: group, packages, disks: disk, network });
        tellUp(group, (performance.now() - begin) as Duration); // both in milliseconds
        return 0;
      } catch (error) {
        return tellError(error);
      }
    }),
  );
  return Math.max(...codes);
}

function checkRequest(names: readonly string[], kind: KeeperOrder['kind'], { disk = [], network }: UpOptions): void {
  const subject = names.join(', ');
  const usage = (message: string): HoldfastError =>
    new HoldfastError({ code: 'usage', operation: 'start', subject, message, hint: 'See `npm run lab -- up --help`.' });
  for (const name of names) {
    assertHostName(name);
    if (names.indexOf(name) !== names.lastIndexOf(name)) throw usage(`${name} is there twice`);
  }
  if (disk.length > 0 && kind === 'container') throw usage('only machines have data disks: add --machine');
  for (const size of disk) sizeOf(size);
  assertNothingMissing('start', subject, missingThings(network ? [kind, 'network'] : [kind]));
}

function tellUp(names: readonly string[], took: Duration): void {
  const hosts = knownHosts(openCache()).filter(({ kept, name }) => kept && names.includes(name));
  for (const { name, kind, address } of hosts) {
    say(`${name}: a ${kind}${address === null ? '' : ` at ${address}`}, up in ${describeDuration(took)}`);
  }
}

/** Resolves when its hosts are up, and leaves it to itself then. If we end before, it ends too. */
async function startKeeper(order: Omit<KeeperOrder, 'log'>): Promise<void> {
  const log = join(cacheDirectory(), `keeper-${process.pid}-${ulid()}.log`);
  const main = join(ROOT, 'lab', 'main.ts');
  const file = openSync(log, 'wx', 0o600);
  using made = new DisposableStack();
  made.defer(() => rmSync(log, { force: true })); // it has moved it by then
  made.defer(() => closeSync(file));
  // Not by runProcess: what that starts ends with it.
  const keeper = spawn(process.execPath, [main, 'keep', JSON.stringify({ ...order, log } satisfies KeeperOrder)], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', file, file, 'ipc'],
  });
  await whenUp(keeper, order.names.join(', '), log);
  keeper.disconnect();
  keeper.unref();
}

async function whenUp(keeper: ChildProcess, subject: string, log: string): Promise<void> {
  await new Promise<void>((resolveUp, reject) => {
    keeper.on('message', (news: KeeperNews) => {
      if (news.type === 'report') note(`${subject}: ${news.line}`);
      else if (news.type === 'up') resolveUp();
      else
        reject(new HoldfastError({ ...news.error, hint: news.error.hint ?? undefined, tool: news.error.tool ?? undefined }));
    });
    keeper.once('error', reject);
    keeper.once('exit', (code, signal) => {
      const message = `its keeper ended with ${code ?? signal}`;
      reject(
        new HoldfastError({
          code: 'failed',
          operation: 'start',
          subject,
          message: [message, lastWords(log)].join('\n').trim(),
        }),
      );
    });
  });
}

function lastWords(log: string): string {
  try {
    return readFileSync(log, 'utf8').slice(-2000);
  } catch {
    return ''; // it is gone with the keeper's run directory
  }
}
