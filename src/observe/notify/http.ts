// One HTTP request to a receiver of messages. It sends a secret to no other host than the one that was named, believes no
// certificate that cannot be proven, reads no endless answer, and shows no address in what it throws (one may be a secret).

import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { rootCertificates } from 'node:tls';
import { duration, type Duration } from '../../domain/duration.ts';
import { firstCause } from '../../lib/abort.ts';
import { errnoOf } from '../../lib/errors.ts';
import { VERSION } from '../../lib/version.ts';
import { type DeliveryError, undelivered } from './channel.ts';

export interface HttpRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** What it says first, at most 64 KiB. */
  readonly text: string;
  readonly retryAfter: Duration | null;
}

export interface SendOptions {
  /** The channel, for errors. */
  readonly channel: string;
  readonly signal: AbortSignal;
  /** A certificate authority (PEM) besides the public ones. */
  readonly ca: string | null;
}

const MOST_REDIRECTS = 3;
const MOST_BYTES = 64 * 1024;
const MOST_HEADERS = 16 * 1024;

/** The answer, whatever its status. Throws DeliveryError when there is none, or the signal's reason. */
export async function send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer> {
  let url = parse(request.url, options.channel);
  for (let redirects = 0; ; redirects += 1) {
    const { answer, location } = await exchange(url, request, options); // oxlint-disable-line no-await-in-loop -- one leads to the next
    if (location === null) return answer;
    if (redirects === MOST_REDIRECTS)
      throw undelivered(
        options.channel,
        `it redirects more than ${MOST_REDIRECTS} times`,
        'Write the address where it ends.',
      );
    url = follow(url, location, options.channel);
  }
}

function parse(text: string, channel: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw undelivered(channel, 'its address is no URL', 'The file with the address must hold one line: https://...', {
    code: 'config',
  });
}

/** The same host, and not less safe: what is sent holds a token, or its address is one. */
function follow(from: URL, location: string, channel: string): URL {
  const to = URL.parse(location, from);
  const upgrade = from.protocol === 'http:' && to?.protocol === 'https:' && from.port === '' && to.port === '';
  if (to && to.hostname === from.hostname && (to.origin === from.origin || upgrade)) return to;
  throw undelivered(
    channel,
    to ? `it redirects to another place (${to.protocol}//${to.host}), which is not followed` : 'it redirects to nowhere',
    'A token must not go where nobody meant it to. If that is the right place, write its address.',
    { code: 'refused' },
  );
}

interface Exchange {
  readonly answer: HttpAnswer;
  readonly location: string | null;
}

async function exchange(url: URL, request: HttpRequest, { channel, signal, ca }: SendOptions): Promise<Exchange> {
  signal.throwIfAborted();
  const ended = Promise.withResolvers<Exchange>();
  const failed = (error: unknown): void => ended.reject(failure(error, url, channel, signal));
  const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(optionsFor(url, request, signal, ca), (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (): void => {
      const status = response.statusCode ?? 0;
      const text = Buffer.concat(chunks).subarray(0, MOST_BYTES).toString();
      const isRedirect = status >= 300 && status < 400 && status !== 304;
      ended.resolve({
        answer: { status, text, retryAfter: retryAfter(response.headers['retry-after']) },
        location: isRedirect ? (response.headers.location ?? '//') : null,
      });
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= MOST_BYTES) return;
      settle(); // it has answered; what else it has to say is of no interest
      sent.destroy();
    });
    response.on('end', settle);
    response.on('error', failed);
  });
  sent.on('error', failed);
  sent.end(request.body);
  return await ended.promise;
}

/** A connection of its own, closed with the answer: the next message may be a day away. */
function optionsFor(
  url: URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
  ca: string | null,
): RequestOptions {
  const userinfo = [url.username, url.password].map(decodeURIComponent).join(':');
  return {
    method,
    hostname: url.hostname.replaceAll(/^\[|\]$/g, ''), // of IPv6
    port: url.port,
    path: url.pathname + url.search,
    headers: {
      'user-agent': `holdfast/${VERSION}`,
      'content-length': Buffer.byteLength(body),
      ...(url.username === '' ? {} : { authorization: `Basic ${Buffer.from(userinfo).toString('base64')}` }),
      ...headers,
    },
    agent: false,
    signal,
    maxHeaderSize: MOST_HEADERS,
    ...(ca === null ? {} : { ca: [...rootCertificates, ca] }),
  };
}

function retryAfter(header: string | undefined): Duration | null {
  const seconds = Number(header);
  return header !== undefined && header.trim() !== '' && seconds >= 0 && Number.isFinite(seconds)
    ? duration(seconds, 's')
    : null;
}

const UNPROVEN = 'If it is signed by an authority of your own, name that in caFile; if not, somebody may be listening.';
const CERTIFICATE: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is signed by nobody but itself', 'If it is yours, name it in caFile.'],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is signed by an unknown authority', UNPROVEN],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is signed by an unknown authority', UNPROVEN],
  UNABLE_TO_GET_ISSUER_CERT: ['its certificate is signed by an unknown authority', UNPROVEN],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is signed by an unknown authority', UNPROVEN],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew it; or is the clock of this host wrong?'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Is the clock of this host wrong?'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', 'Use the name that is in its certificate.'],
};
const NETWORK: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ECONNREFUSED: ['it refused the connection', 'Does the server run, and on that port?'],
  ENOTFOUND: ['its name is unknown', 'Is the name right, and does name resolution work on this host?'],
  EAI_AGAIN: ['its name could not be resolved', 'Does name resolution work on this host?'],
  ECONNRESET: ['it broke the connection off', 'Look into the log of the server.'],
  EHOSTUNREACH: ['it cannot be reached', 'Is the network up?'],
  ENETUNREACH: ['it cannot be reached', 'Is the network up?'],
  ETIMEDOUT: ['it did not answer', 'Is the network up, and does the server run?'],
  EPROTO: ['it does not speak TLS there', 'Is it http:// instead of https://, or another port?'],
  HPE_HEADER_OVERFLOW: ['it answers with more than it should', 'Is that the right address?'],
};

/** OpenSSL's own words, for libraries that put a code of theirs in the place of its. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/self-signed certificate in certificate chain/, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self-signed certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to (?:verify the first|get (?:local )?issuer) certificate/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/certificate is not yet valid/, 'CERT_NOT_YET_VALID'],
  [/does not match certificate's altnames/, 'ERR_TLS_CERT_ALTNAME_INVALID'],
];
const codeInWords = (error: unknown): string | undefined =>
  error instanceof Error ? WORDS.find(([words]) => words.test(error.message))?.[1] : undefined;

/** What is wrong with a connection, and what to do about it; shared with mail. */
export function connectionTrouble(error: unknown): readonly [what: string, hint: string] {
  const all: readonly unknown[] = [error, ...(error instanceof AggregateError ? error.errors : [])];
  const codes = [...all.map(errnoOf), ...all.map(codeInWords)];
  for (const code of codes) {
    const known = code === undefined ? undefined : (CERTIFICATE[code] ?? NETWORK[code]);
    if (known) return known;
    if (code?.startsWith('ERR_SSL_') || code?.startsWith('HPE_'))
      return ['it does not speak the protocol that its address says', 'Is it http:// or https://, and is the port right?'];
  }
  return [
    codes.find((code) => code !== undefined) ?? 'the connection failed',
    'Is the address right, and does the server run?',
  ];
}

function failure(error: unknown, url: URL, channel: string, signal: AbortSignal): unknown {
  const cause = firstCause(error, signal);
  if (cause !== error) return cause;
  const [what, hint] = connectionTrouble(error);
  return undelivered(channel, `${url.host}: ${what}`, hint, {
    code: what.includes('certificate') ? 'refused' : 'failed',
  }) satisfies DeliveryError;
}
