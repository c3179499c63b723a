// The process behind `up`: makes hosts through a lab of its own, as a test does, and lives until it is told to end. Whoever
// started it hears over its channel what it does, until the hosts are up or cannot be; without a listener they are not made.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { formatInstant } from '../../src/domain/instant.ts';
import { untilAborted } from '../../src/lib/abort.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { asHoldfastError, type ErrorReport, errorReport, HoldfastError } from '../../src/lib/errors.ts';
import { openCache } from '../cache.ts';
import { type Lab, openLab } from '../lab.ts';
import { writeClaim } from './claim.ts';
import { type KnownHost, knownHosts } from './inventory.ts';

export interface KeeperOrder {
  readonly kind: 'container' | 'machine';
  readonly names: readonly string[];
  readonly packages: readonly string[];
  /** Of each machine. */
  readonly disks: readonly string[];
  /** They are joined by one. */
  readonly network: boolean;
  /** What it says goes there; becomes keeper.log in its run directory. */
  readonly log: string;
}

export type KeeperNews =
  | { readonly type: 'report'; readonly line: string }
  | { readonly type: 'up' }
  | { readonly type: 'failed'; readonly error: ErrorReport };

/** Ends when a signal says so, or with what went wrong. */
export async function keep(order: KeeperOrder): Promise<void> {
  const tell = (news: KeeperNews): void => {
    console.log(formatInstant(systemClock.now()), news.type === 'report' ? news.line : JSON.stringify(news));
    if (process.connected) process.send?.(news);
  };
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end.abort(new Error(signal)));
  const deserted = (): void => end.abort(new Error('nobody waits for it'));
  process.once('disconnect', deserted);
  using _awake = keepAwake();
  try {
    await using lab = await openLab({ report: (line) => tell({ type: 'report', line }) });
    renameSync(order.log, join(lab.directory, 'keeper.log'));
    writeClaim(lab.directory, { kind: order.kind, names: [...order.names], at: formatInstant(systemClock.now()) });
    assertFree(order.names, lab);
    await untilAborted(make(order, lab), end.signal);
    process.off('disconnect', deserted);
    tell({ type: 'up' });
    await untilAborted(new Promise(() => {}), end.signal);
  } catch (error) {
    if (!end.signal.aborted)
      tell({ type: 'failed', error: errorReport(asHoldfastError(error, 'start', order.names.join(', '))) });
  }
}

async function make({ kind, names, packages, disks, network }: KeeperOrder, lab: Lab): Promise<void> {
  const joined = network ? { network: await lab.network(names) } : {};
  await Promise.all(
    names.map(async (name) =>
      kind === 'machine'
        ? await lab.machine({ name, packages, disks, ...joined })
        : await lab.container({ name, packages, ...joined }),
    ),
  );
}

/** Two who claim a name at the same time may both find the other: better none than two. */
function assertFree(names: readonly string[], lab: Lab): void {
  const others = knownHosts(openCache()).filter(({ runId, kept }) => kept && runId !== lab.id);
  const taken = others.find(({ name }) => names.includes(name));
  if (taken) throw takenName(taken);
}

const takenName = ({ name, kind, state }: KnownHost): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: 'start',
    subject: name,
    message: `there is a ${kind} of this name already, which is ${state}`,
    hint: `\`npm run lab -- down ${name}\` ends it.`,
    retry: 'later',
  });

/** Nothing else may be left that node would wait for, when hosts have powered themselves off. */
function keepAwake(): Disposable {
  const timer = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
