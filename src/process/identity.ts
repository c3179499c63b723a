// Which process did it, so that a later one can tell whether it still lives: a pid alone is reused after a while.

import { readFileSync, readlinkSync } from 'node:fs';
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

/** Whether a process of that pid runs here; hidden ones of other users (hidepid) do not show. */
export const processExists = (pid: number): boolean => startTicksOf(pid) !== null;

function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name in brackets may hold anything
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null; // no such process
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const pidNamespace = (): string => readlinkSync('/proc/self/ns/pid');
