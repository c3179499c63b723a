// A check that expects pings: start, success, fail, each with the end of what there is to say, and which run it belongs to.
// https://healthchecks.io/docs/http_api/

import type { DestinationOf } from '../../config/configuration.ts';
import type { HttpKind } from './http-channel.ts';
import { tailOfBytes } from './shorten.ts';

/** The first 100,000 bytes are kept. */
const MOST_BYTES = 100_000;
const ENDPOINT = { start: '/start', success: '', fail: '/fail', log: '/log' } as const;

export const healthchecks: HttpKind<DestinationOf<'healthchecks'>> = {
  request(to, { url: secretUrl }, { message }) {
    const url = new URL(secretUrl ?? to.url ?? '');
    const { state, runId } = message.ping ?? { state: 'log' as const, runId: null };
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${ENDPOINT[state]}`;
    if (runId !== null) url.searchParams.set('rid', uuidOf(runId));
    return {
      method: 'POST',
      url: url.href,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: tailOfBytes(`${message.title}\n${message.body}\n`, MOST_BYTES),
    };
  },
};

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A run's id has 128 bits, as an UUID has: the same number, written differently. */
export function uuidOf(runId: string): string {
  let number = 0n;
  for (const digit of runId) number = number * 32n + BigInt(DIGITS.indexOf(digit));
  const hex = number.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
