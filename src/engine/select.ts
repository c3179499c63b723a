// Which services and repositories a command line means. A name that matches nothing is a typo, never an empty selection.

import { distance } from 'fastest-levenshtein';
import picomatch from 'picomatch';
import type { Configuration, RepositoryConfig, ServiceConfig } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';

/** Services that match any of the shell patterns, in the order of the configuration; all of them without patterns. */
export function selectServices(config: Configuration, patterns: readonly string[]): ServiceConfig[] {
  const services = [...config.services.values()];
  if (patterns.length === 0) return services;
  const selected = new Set<ServiceConfig>();
  for (const pattern of patterns) {
    const matches = picomatch(pattern, { dot: true });
    const found = services.filter((service) => service.name === pattern || matches(service.name));
    if (found.length === 0) throw unknownName('service', pattern, [...config.services.keys()]);
    for (const service of found) selected.add(service);
  }
  return services.filter((service) => selected.has(service));
}

/** The repository of that name. */
export function selectRepository(config: Configuration, name: string): RepositoryConfig {
  const found = config.repositories.get(name);
  if (found) return found;
  throw unknownName('repository', name, [...config.repositories.keys()]);
}

/** The one service of that name (a pattern is not enough where a single one is needed). */
export function selectService(config: Configuration, name: string): ServiceConfig {
  const found = config.services.get(name);
  if (found) return found;
  throw unknownName('service', name, [...config.services.keys()]);
}

/** Exit 64, with the nearest names. */
export function unknownName(kind: string, name: string, known: readonly string[]): HoldfastError {
  const near = known
    .map((candidate) => ({ candidate, far: distance(name, candidate) }))
    .filter(({ candidate, far }) => far <= Math.max(2, candidate.length / 3))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
  const all =
    known.length > 0 ? `Known: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', ...' : ''}` : 'None is configured.';
  return new HoldfastError({
    code: 'usage',
    operation: 'find',
    subject: name,
    message: `no ${kind} is called ${name}`,
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}? ${all}` : all,
  });
}
