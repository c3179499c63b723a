// What the agent is on the network: the same routes with TLS. Its certificate is read again whenever the configuration is, for it
// lasts for months at most, and an agent for years.

import { X509Certificate } from 'node:crypto';
import { Server } from 'node:tls';
import type { AgentConfig } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import { readCertificate } from './certificate.ts';
import type { Logger } from './log.ts';
import { makeServer, putAway, type ServerOptions } from './server.ts';
import type { Served } from './served.ts';

export interface Network extends AsyncDisposable {
  /** From now on what the files of the certificate hold; where that cannot be used the one before stays, and it is told. */
  readonly renew: (log: Logger) => void;
}

/** Throws `config` for a certificate that cannot be used, `failed` where it cannot listen. */
export async function listenOnNetwork(
  tcp: NonNullable<AgentConfig['tcp']>,
  served: Served,
  rules: Omit<ServerOptions, 'over' | 'tls'>,
): Promise<Network> {
  await using made = new AsyncDisposableStack();
  let shown = readCertificate(tcp);
  const server = await makeServer(served, { ...rules, over: 'tcp', tls: shown });
  made.defer(() => putAway(server));
  await server.listen({ host: tcp.host, port: tcp.port }).catch((error: unknown) => {
    throw cannotListen(tcp, error);
  });
  const all = made.move();
  return {
    renew: (log) => {
      try {
        const found = readCertificate(tcp);
        if (!(server.server instanceof Server) || (found.cert === shown.cert && found.key === shown.key)) return;
        server.server.setSecureContext(found);
        shown = found;
        log.info({ validTo: new X509Certificate(found.cert).validTo }, 'another certificate is shown from now on');
      } catch (error) {
        log.error({ err: error }, 'the certificate cannot be used; the one before still is');
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const cannotListen = ({ host, port }: NonNullable<AgentConfig['tcp']>, error: unknown): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'listen on',
    subject: `${host}:${port}`,
    message: error instanceof Error ? error.message : String(error),
    hint: 'See `agent.tcp.listen` in the configuration, and what listens there: ss -ltnp',
    cause: error,
  });
