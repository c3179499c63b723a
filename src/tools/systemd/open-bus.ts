// Reaching systemd: at its own socket, which is for root, or else on the system bus, where everybody may ask and polkit says who
// may order. Either way all its signals come from then on.

import * as z from 'zod';
import { duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { type Bus, type Call, connectBus, DBUS, SYSTEMD } from './bus.ts';
import { refusalName } from './refusal.ts';

export interface Sockets {
  readonly systemd: string;
  readonly bus: string;
}

export const SOCKETS: Sockets = { systemd: '/run/systemd/private', bus: '/run/dbus/system_bus_socket' };

const OPEN_TIME = duration(30, 's');
const NUDGE = duration(20, 'ms');

/**
 * Throws `unsupported` where systemd does not run, `permission-denied`, `tool-failed` when it does not answer, and the signal's
 * reason.
 */
export async function openBus(sockets: Sockets, signal: AbortSignal): Promise<Bus> {
  using limit = limitTime(OPEN_TIME, () => noAnswer());
  const either = AbortSignal.any([signal, limit.signal]);
  const atSystemd = await connect(sockets.systemd, either);
  if (!(atSystemd instanceof Error)) return await prepared(atSystemd, wake, either);
  const atBus = await connect(sockets.bus, either);
  if (!(atBus instanceof Error)) return await prepared(atBus, join, either);
  throw [atSystemd, atBus].some((error) => FORBIDDEN.includes(errnoOf(error) ?? '')) ? denied(atSystemd) : absent(atSystemd);
}

const FORBIDDEN = ['EACCES', 'EPERM'];
const ABSENT = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'];

/** The connection, or why there is none when that only means that it has to be tried elsewhere. */
async function connect(socket: string, signal: AbortSignal): Promise<Bus | Error> {
  try {
    return await connectBus(socket, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof Error && [...FORBIDDEN, ...ABSENT].includes(errnoOf(error) ?? '')) return error;
    throw noAnswer(error);
  }
}

async function prepared(bus: Bus, prepare: (bus: Bus) => Promise<void>, signal: AbortSignal): Promise<Bus> {
  await using failed = new AsyncDisposableStack();
  failed.use(bus);
  await untilAborted(prepare(bus), signal);
  failed.move();
  return bus;
}

const REACH = { operation: 'reach', subject: 'systemd', read: () => {} };

/**
 * systemd (252 and 257) overlooks a call that it has read in one piece with the last word of the greeting, until more arrives;
 * and nothing says when it has read that word.
 */
async function wake(bus: Bus): Promise<void> {
  const ping: Call<void> = { ...REACH, path: '/', interface: `${DBUS}.Peer`, member: 'Ping' };
  const first = bus.call(ping);
  const nudge = setInterval(() => void bus.call(ping).catch(() => {}), NUDGE); // it is the first one that tells what is wrong
  using _nudge = { [Symbol.dispose]: () => clearInterval(nudge) };
  await first;
}

/** Says hello and asks for the signals of systemd. */
async function join(bus: Bus): Promise<void> {
  const order = { ...REACH, destination: DBUS, path: '/org/freedesktop/DBus', interface: DBUS };
  const watch = (rule: string): Promise<void> =>
    bus.call({ ...order, member: 'AddMatch', signature: 's', body: [`type='signal',${rule}`] });
  await bus.call({ ...order, member: 'Hello' });
  await watch(`sender='${DBUS}',member='NameOwnerChanged',arg0='${SYSTEMD}'`);
  await watch(`sender='${SYSTEMD}'`);
  try {
    const read = (owner: unknown): void => bus.hearOnly(z.string().parse(owner));
    await bus.call({ ...order, member: 'GetNameOwner', signature: 's', body: [SYSTEMD], read });
  } catch (error) {
    throw refusalName(error) === `${DBUS}.Error.NameHasNoOwner` ? absent(error) : error;
  }
  await bus.call({ ...REACH, path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member: 'Subscribe' });
}

const absent = (cause: unknown): HoldfastError =>
  new HoldfastError({
    code: 'unsupported',
    operation: 'reach',
    subject: 'systemd',
    message: 'systemd does not run here',
    hint: 'Units can be run only where systemd is the init system. Run what they do by hand, or on the host itself.',
    cause,
  });

const denied = (cause: unknown): HoldfastError =>
  new HoldfastError({
    code: 'permission-denied',
    operation: 'reach',
    subject: 'systemd',
    message: 'this user may not talk to it, neither directly nor on the system bus',
    hint: 'Run it as root.',
    cause,
  });

const noAnswer = (cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'reach',
    subject: 'systemd',
    message: cause instanceof Error ? `it does not answer: ${cause.message}` : 'it does not answer',
    hint: 'See whether it answers others: systemctl is-system-running',
    retry: 'later',
    cause,
  });
