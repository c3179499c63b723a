// When a command goes through the agent of this host instead of doing the work itself: when it is asked to, and when the
// configuration is that of an agent that belongs to another user, whose group this one is in. Root and timers never do by themselves.

import { accessSync, constants, lstatSync } from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext } from './context.ts';

/** `--agent`, `--no-agent`, or neither. */
export interface AgentChoice {
  readonly agent?: boolean | undefined;
}

/** The agent's socket, when it is to be asked; null: do it here. Throws when it was asked for and is not there. */
export async function agentFor(
  cli: CliContext,
  { agent: { socket }, files }: Configuration,
  { agent }: AgentChoice,
): Promise<string | null> {
  if (agent === false || (agent === undefined && !isSomebodyElses(socket))) return null;
  const { askAgent } = await import('../engine/agent-client/request.ts');
  const { healthShape } = await import('../engine/api/health-shape.ts');
  try {
    const { configuration } = await askAgent(socket, { path: '/health' }, healthShape, cli.signal);
    return agent === true || configuration.file === files[0] ? socket : null;
  } catch (error) {
    if (agent === true || cli.signal.aborted || !(error instanceof HoldfastError)) throw error;
    return null; // it cannot help; what comes then says why this user cannot, either
  }
}

/** A socket that this user may write to although it is not his. Root needs nobody. */
function isSomebodyElses(socket: string): boolean {
  if (process.geteuid?.() === 0) return false;
  try {
    accessSync(socket, constants.W_OK);
    const stat = lstatSync(socket);
    return stat.isSocket() && stat.uid !== process.geteuid?.();
  } catch {
    return false; // not there, or not for us
  }
}
