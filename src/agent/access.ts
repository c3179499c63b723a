// Who may ask for what. On the Unix socket its mode decides: who may open it may do everything, unless he shows a token, which then
// narrows that. On the network nothing is answered without one.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Capability } from '../domain/capability.ts';
import { recognise, type Token } from '../engine/tokens/token.ts';
import type { Audit } from '../engine/tokens/audit.ts';
import type { Clock } from '../lib/clock.ts';
import { Refusal } from './failures.ts';

/** What a route is: null for what every caller may know. */
export interface RouteAccess {
  readonly scope: Capability | null;
}

export interface Caller {
  /** For the audit: never the token itself. */
  readonly name: string;
  /** Null: everything. */
  readonly scopes: readonly Capability[] | null;
}

export interface AccessRules {
  readonly over: 'unix' | 'tcp';
  /** Throws where nobody can say what is a token: then none is good, and none is called wrong. */
  readonly tokens: () => readonly Token[];
  /** Told why `tokens` threw. */
  readonly tokensUnread: (error: unknown) => void;
  readonly audit: Audit;
  readonly clock: Clock;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** Before anything else of a request is looked at, its body included. */
export function guard(server: FastifyInstance, rules: AccessRules): void {
  server.decorateRequest('caller', null);
  server.addHook('onRequest', (request, _reply, done) => {
    try {
      request.caller = admit(request, rules);
      done();
    } catch (refusal) {
      rules.audit({
        event: 'refused',
        by: refusal instanceof TokenRefusal ? (refusal.tokenId ?? 'anybody') : 'anybody',
        over: rules.over,
        from: request.socket.remoteAddress ?? null,
        request: `${request.method} ${request.url.slice(0, 200)}`,
        why: refusal instanceof Error ? refusal.message : String(refusal),
      });
      done(refusal as Error); // admit throws nothing else
    }
  });
}

class TokenRefusal extends Refusal {
  readonly tokenId: string | null;

  constructor(status: 401 | 403, message: string, hint: string, tokenId: string | null) {
    super(status, { code: 'permission-denied', subject: 'the token', message, hint });
    this.tokenId = tokenId;
  }
}

const MAKE_ONE = 'Make one on that host: holdfast agent token create --scope backup-status --expires 90d';

function admit(request: FastifyRequest, rules: AccessRules): Caller {
  const { over, clock } = rules;
  const { authorization } = request.headers;
  if (authorization === undefined) {
    if (over === 'unix') return { name: 'unix socket', scopes: null };
    throw new TokenRefusal(401, 'nothing is answered here without a token', MAKE_ONE, null);
  }
  const text = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
  const verdict = recognise(text, knownTokens(rules), clock.now());
  if (verdict.kind === 'refused') {
    const why = {
      malformed: 'it is no token',
      unknown: 'it is unknown',
      revoked: 'it was revoked',
      expired: 'it has expired',
    };
    throw new TokenRefusal(401, why[verdict.why], MAKE_ONE, verdict.id);
  }
  const { id, name, scopes } = verdict.token;
  const scope = request.routeOptions.config.access?.scope ?? null;
  if (scope !== null && !scopes.includes(scope)) {
    const has = `it is for ${scopes.join(', ')}, not for ${scope}`;
    throw new TokenRefusal(403, has, `holdfast agent token create --scope ${scope} makes one that is.`, id);
  }
  return { name: `${id} (${name})`, scopes };
}

function knownTokens({ tokens, tokensUnread }: AccessRules): readonly Token[] {
  try {
    return tokens();
  } catch (error) {
    tokensUnread(error);
    throw new Refusal(503, {
      code: 'failed',
      subject: 'the token',
      message: 'the tokens of this host cannot be read, so that none is good for now',
      hint: 'On that host, `holdfast agent token list` says what to do.',
    });
  }
}
