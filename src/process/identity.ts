// Which process did it, so that a later one can tell whether it still lives: a pid alone is reused after a while. Where only
// the pid is known: what has it now.

import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import { type Duration, duration } from '../domain/duration.ts';
import { errnoOf } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';

export interface ProcessIdentity extends JsonObject {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot when it started. */
  readonly startTicks: string;
  readonly bootId: string;
  /** 'pid:[4026531836]': a pid means something only in its own namespace. */
  readonly pidNamespace: string;
}

export const selfIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  startTicks: startTicksOf(process.pid) ?? '',
  bootId: bootId(),
  pidNamespace: pidNamespace(),
});

/**
 * False only when the process is certainly gone. One that was started in another pid namespace during this boot cannot
 * be looked up, and counts as alive: nothing of it is cleaned up from here.
 */
export function mayBeAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  if (identity.pidNamespace !== pidNamespace()) return true;
  return startTicksOf(identity.pid) === identity.startTicks;
}

/** What has a pid here and now. */
export interface LocalProcess {
  /** The first 15 bytes of its program's name, safe to print; null when it is hidden from this user (hidepid). */
  readonly program: string | null;
  /** Whether this user may send it a signal. */
  readonly signallable: boolean;
  /** How long it has been running; 0 when it is hidden. */
  readonly age: Duration;
}

/** Null when no process has that pid; one that is dead and only waits for its parent (a zombie) is none. */
export function processOf(pid: number): LocalProcess | null {
  const refusal = refusalOf(pid);
  const stat = statOf(pid);
  if (stat) {
    const age = duration(Math.max(0, uptime() - Number(stat.startTicks) / TICKS_PER_SECOND), 's');
    return stat.dead ? null : { program: stat.program, signallable: refusal === null, age };
  }
  return refusal === 'EPERM' ? { program: null, signallable: false, age: duration(0, 's') } : null;
}

/** Why this user cannot send it a signal: 'EPERM' when it is another user's, 'ESRCH' when there is none; null when it can. */
function refusalOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
    return null;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

interface Stat {
  readonly program: string;
  readonly dead: boolean;
  readonly startTicks: string;
}

/** USER_HZ: the same wherever Node.js runs. */
const TICKS_PER_SECOND = 100;

function startTicksOf(pid: number): string | null {
  const stat = statOf(pid);
  return stat === null || stat.dead ? null : stat.startTicks;
}

/** /proc/PID/stat; null when there is no such process, or a hidden one. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [begin, end] = [text.indexOf('('), text.lastIndexOf(')')]; // the name between them may hold anything
    const fields = text.slice(end + 2).split(' ');
    return {
      program: text.slice(begin + 1, end).replaceAll(/[^ -~]/g, '?'),
      dead: fields[0] === 'Z' || fields[0] === 'X',
      startTicks: fields[19] ?? '',
    };
  } catch {
    return null;
  }
}

/** Another one after each boot. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const pidNamespace = (): string => readlinkSync('/proc/self/ns/pid');
