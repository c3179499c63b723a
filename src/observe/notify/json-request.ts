// A JSON document as a request.

import type { Json } from '../../lib/json.ts';
import type { HttpRequest } from './http.ts';

export const jsonRequest = (
  url: string,
  document: { readonly [key: string]: Json | undefined },
  headers: Readonly<Record<string, string>> = {},
  method: HttpRequest['method'] = 'POST',
): HttpRequest => ({
  method,
  url,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(document),
});

/** `https://host/base/` and `a/b`: `https://host/base/a/b`. */
export const below = (base: string, path: string): string => `${base.replace(/\/+$/, '')}/${path}`;

export const bearer = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
