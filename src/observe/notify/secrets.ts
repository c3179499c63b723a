// The secrets of a channel: read for each delivery, from the files that the configuration names, and never kept.

import type { Destination } from '../../config/configuration.ts';
import { urlSecrets } from '../../process/mask.ts';
import { readSmallFile } from '../../tools/util-linux/read-file.ts';
import { undelivered } from './channel.ts';

/** By what the file is called in the configuration, without `File`: token, user, url, secret, userKey. */
export type Secrets = Readonly<Record<string, string>>;

const secretFiles = (to: Destination): (readonly [key: string, file: string])[] =>
  Object.entries(to).flatMap(([key, value]) =>
    key.endsWith('File') && key !== 'caFile' && typeof value === 'string' ? [[key.slice(0, -4), value] as const] : [],
  );

/** Throws DeliveryError when one cannot be read, or is empty. */
export async function readSecrets(channel: string, to: Destination, signal: AbortSignal): Promise<Secrets> {
  const entries = await Promise.all(
    secretFiles(to).map(async ([key, file]) => {
      const text = await readSmallFile(file, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        throw unreadable(channel, `${file} cannot be read: ${reason}`);
      });
      const secret = text.trim();
      if (secret === '') throw unreadable(channel, `${file} is empty`);
      return [key, secret] as const;
    }),
  );
  return Object.fromEntries(entries);
}

const unreadable = (channel: string, message: string): Error =>
  undelivered(channel, message, 'The file must be there, and readable for the user that runs Holdfast.', {
    code: 'secret-unreadable',
  });

/** Shorter parts of an address are words that anybody may say. */
const SHORTEST_PART = 12;

/** A secret as a whole, the password of user:password, and the parts of an address that make it one. */
export function partsOf(secret: string): string[] {
  const url = URL.parse(secret);
  const inUrl = url?.host ? [...url.pathname.split('/'), ...url.searchParams.values()] : [];
  return [
    secret,
    ...(url?.host ? [url.username, url.password] : [secret.slice(secret.indexOf(':') + 1)]).filter(
      (part) => part.length >= 4,
    ),
    ...inUrl.filter((part) => part.length >= SHORTEST_PART),
  ];
}

/** Every one of these channels that can be read now, for taking them out of texts, the longest first. */
export async function knownSecrets(destinations: readonly Destination[], signal: AbortSignal): Promise<string[]> {
  const files = destinations.flatMap((to) => secretFiles(to).map(([, file]) => file));
  const texts = await Promise.all(files.map((file) => readSmallFile(file, signal).catch(() => '')));
  signal.throwIfAborted();
  const urls = destinations.flatMap((to) => ('url' in to && typeof to.url === 'string' ? urlSecrets(to.url) : []));
  const checks = destinations.flatMap((to) => (to.type === 'healthchecks' && to.url !== undefined ? partsOf(to.url) : []));
  const secrets = [...texts.map((text) => text.trim()).flatMap(partsOf), ...urls, ...checks];
  return [...new Set(secrets)].filter((each) => each.length >= 4).toSorted((a, b) => b.length - a.length);
}
