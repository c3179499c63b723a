// The tokens of this host's agent, in one file of the state directory that only its owner reads. The command line changes it, under
// a lock; the agent reads it, again whenever it was changed, so that a token that is revoked opens nothing from that moment on.

import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CAPABILITIES, type Capability } from '../../domain/capability.ts';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { readIfThere, replacePrivately } from '../../lib/private-file.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { fileLockBroker } from '../../repositories/broker.ts';
import { type Token, tokenText } from './token.ts';

const time = z.int().transform((at) => at as Instant);

const shape = z.object({
  version: z.literal(1),
  tokens: z.array(
    z.object({
      id: z.string().regex(/^[0-9a-f]{12}$/),
      name: z.string(),
      scopes: z.array(z.enum(CAPABILITIES)),
      createdAt: time,
      expiresAt: time.nullable(),
      revokedAt: time.nullable(),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

const fileIn = (stateDir: string): string => join(stateDir, 'agent-tokens.json');

/** In the order in which they were made. Throws when the file cannot be read, or is not one of ours: then nobody is let in. */
export function readTokens(stateDir: string): readonly Token[] {
  const file = fileIn(stateDir);
  const text = attempt(file, () => readIfThere(file));
  if (text === null) return [];
  try {
    return shape.parse(JSON.parse(text)).tokens;
  } catch (error) {
    throw new HoldfastError({
      code: 'failed',
      operation: 'read the tokens of',
      subject: 'the agent',
      message: `${file} is damaged`,
      hint: `Move it aside (mv ${shellWord(file)} ${shellWord(`${file}.damaged`)}) and make the tokens anew: holdfast agent token create. Until then no token is good.`,
      cause: error,
    });
  }
}

/** Looks at the file each time, and reads it only when it was replaced, also where it is damaged. Throws as readTokens does. */
export function tokenReader(stateDir: string): () => readonly Token[] {
  const file = fileIn(stateDir);
  let stamp = '';
  let read = (): readonly Token[] => [];
  return () => {
    const stat = attempt(file, () => statSync(file, { bigint: true, throwIfNoEntry: false }));
    const now = stat ? `${stat.ino} ${stat.mtimeNs}` : 'none';
    if (now !== stamp) {
      read = remembered(() => readTokens(stateDir));
      stamp = now;
    }
    return read();
  };
}

/** What it came to the first time, also when it threw. */
function remembered<Value>(work: () => Value): () => Value {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function attempt<Value>(file: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const denied = errno === 'EACCES' || errno === 'EPERM';
    throw new HoldfastError({
      code: denied ? 'permission-denied' : 'failed',
      operation: 'read the tokens of',
      subject: 'the agent',
      message: denied ? `this user may not read ${file}` : `${file} cannot be read: ${(error as Error).message}`,
      hint: denied ? 'Run it as root, or as the user whose agent it is.' : `See what is there: ls -la ${shellWord(file)}`,
      cause: error,
    });
  }
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly Capability[];
  readonly expiresAt: Instant | null;
}

export interface Created {
  readonly token: Token;
  /** The whole of it: told once, kept nowhere. */
  readonly text: string;
}

export async function createToken(stateDir: string, wanted: NewToken, now: Instant, signal: AbortSignal): Promise<Created> {
  const { id, text, hash } = tokenText(randomBytes(6), randomBytes(32));
  const token: Token = { id, ...wanted, createdAt: now, revokedAt: null, hash };
  await change(stateDir, signal, (tokens) => {
    const namesake = tokens.find(({ name, revokedAt }) => name === wanted.name && revokedAt === null);
    if (namesake) throw nameTaken(wanted.name);
    return [...tokens, token];
  });
  return { token, text };
}

/** By id or name; null when there is none that is not revoked yet. */
export async function revokeToken(
  stateDir: string,
  which: string,
  now: Instant,
  signal: AbortSignal,
): Promise<Token | null> {
  let revoked: Token | null = null;
  await change(stateDir, signal, (tokens) =>
    tokens.map((token) => {
      if (token.revokedAt !== null || (token.id !== which && token.name !== which)) return token;
      revoked = { ...token, revokedAt: now };
      return revoked;
    }),
  );
  return revoked;
}

async function change(
  stateDir: string,
  signal: AbortSignal,
  edit: (tokens: readonly Token[]) => readonly Token[],
): Promise<void> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  using limit = limitTime(duration(10, 's'), () => busy());
  const lock = [{ name: 'agent-tokens', mode: 'exclusive' }] as const;
  await using _alone = await fileLockBroker(stateDir).acquire(lock, AbortSignal.any([signal, limit.signal]));
  const tokens = edit(readTokens(stateDir));
  replacePrivately(fileIn(stateDir), `${JSON.stringify({ version: 1, tokens }, null, 1)}\n`);
}

const busy = (): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: 'change the tokens of',
    subject: 'the agent',
    message: 'another process is changing them',
    hint: 'Try again.',
    retry: 'now',
  });

const nameTaken = (name: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'make the token',
    subject: name,
    message: `there is a token called ${name}`,
    hint: `Choose another with --name, or take that one back: holdfast agent token revoke ${name}`,
  });
