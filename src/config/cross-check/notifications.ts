// Channels: files that hold secrets, addresses that are written twice or not at all, and filters that let nothing through.

import { jobName } from '../../domain/naming.ts';
import { namePattern } from '../../lib/name-pattern.ts';
import { urlSecrets } from '../../process/mask.ts';
import { nearest } from '../nearest.ts';
import type { ChannelFile } from '../schema.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkNotifications(input: CrossCheckInput, findings: Findings): void {
  const services = input.services.map(({ name }) => name);
  const jobs = [...input.resolved.configuration.services.values()].flatMap(({ name, backup }) =>
    (backup?.repositories ?? []).map((repository) => jobName(name, repository)),
  );
  for (const [name, channel] of Object.entries(input.file.notifications?.channels ?? {})) {
    const path = ['notifications', 'channels', name];
    checkAddress(channel, path, findings);
    for (const key of ['tokenFile', 'userFile', 'urlFile', 'secretFile', 'userKeyFile'] as const) {
      const file = (channel as Partial<Record<typeof key, string>>)[key]; // those that its kind has
      if (file !== undefined) findings.secretFile([...path, key], file);
    }
    const filter = (key: 'services' | 'jobs', known: readonly string[]): void => {
      for (const [index, pattern] of (channel[key] ?? []).entries()) {
        if (known.some(namePattern(pattern))) continue;
        const near = nearest(pattern, known);
        findings.error(
          [...path, key, index],
          `'${pattern}' is no ${key.slice(0, -1)} here${near ? `; did you mean '${near}'?` : ''}`,
        );
      }
    };
    filter('services', services);
    filter('jobs', jobs);
  }
}

function checkAddress(channel: ChannelFile, path: readonly string[], findings: Findings): void {
  const { url, urlFile } = channel as { url?: string; urlFile?: string }; // those that its kind has
  const takesEither = channel.type === 'webhook' || channel.type === 'healthchecks';
  if (takesEither && url === undefined && urlFile === undefined)
    findings.error(path, 'has no address: write url, or urlFile where the address is a secret');
  if (url !== undefined && urlFile !== undefined) findings.error([...path, 'urlFile'], 'url and urlFile exclude each other');
  if (url !== undefined && urlSecrets(url).some((secret) => secret !== '***'))
    findings.warn([...path, 'url'], 'holds a secret: put it into a file (tokenFile, userFile or urlFile)');
  if (channel.type === 'ntfy' && /^\/*$/.test(new URL(channel.url).pathname))
    findings.error([...path, 'url'], 'has no topic: expected https://SERVER/TOPIC');
}
