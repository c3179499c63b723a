// Before passphrases that pgBackRest was told are written over: do the new ones open its repositories? Its configuration may be the last
// place where the old ones are.

import { rm } from 'node:fs/promises';
import { jobName } from '../../domain/naming.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo, type RepositoryInfo } from '../../tools/pgbackrest/info.ts';
import { type EngineService, pgBackRestOf } from './access.ts';
import type { Comparison } from './compare-configuration.ts';
import { writeDraft } from './configuration-draft.ts';
import { requireMounted } from './mounted.ts';
import { requireNew } from './new-stanza.ts';
import { readConfiguration } from './recommendations.ts';
import { configurationText } from './wanted-configuration.ts';

export interface NewConfiguration {
  readonly file: string;
  readonly options: ReadonlyMap<string, string>;
  readonly comparison: Comparison;
}

/**
 * Asks every repository whose encryption is to be another one, with what is to be written, which nobody else uses yet. Throws `refused`
 * where one cannot be read with it, and what keeps that from being known.
 */
export async function tryPassphrases(
  server: EngineService,
  wanted: NewConfiguration,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<void> {
  const { service, postgres } = server;
  const keys = reencrypted(wanted.comparison);
  if (keys.length === 0) return;
  for (const repository of postgres.repositories)
    if (keys.includes(repository.key)) await requireMounted(service.name, repository);
  const access = await pgBackRestOf(server, signal);
  const trial = `${wanted.file}.holdfast-trial`;
  const empty: number[] = [];
  await using _trial = { [Symbol.asyncDispose]: () => rm(trial, { force: true }) };
  await writeDraft(trial, await wholeText(server, wanted), access.user, signal);
  for (const key of keys) {
    const info = await pgBackRestInfo({ ...access, configFile: trial }, { signal, repository: key }); // oxlint-disable-line no-await-in-loop -- a few
    const told = info.repositories.find((each) => each.key === key);
    if (told?.state === 'other') throw unreadable(service.name, wanted.file, told);
    if ((told?.state ?? 'no-stanza') === 'no-stanza') empty.push(key);
  }
  if (empty.length > 0) await requireNew(server, empty, journal); // where nothing is, nothing is proven
}

/** The numbers of the repositories of which something is to be written over that has to do with their encryption. */
const reencrypted = ({ standing, differences }: Comparison): number[] =>
  standing === 'ours'
    ? [...new Set(differences.flatMap(({ name }) => /^repo(\d+)-cipher-/.exec(name)?.[1] ?? []))].map(Number)
    : [];

/** With what others have written, which pgBackRest reads as well where it looks by itself. */
async function wholeText(
  { postgres }: EngineService,
  { options, comparison: { differences } }: NewConfiguration,
): Promise<string> {
  const own = configurationText(postgres.stanza, options);
  if (postgres.configFile !== null) return own;
  const replaced = new Set([...options.keys(), ...differences.map(({ name }) => name)]);
  const others = (await readConfiguration(postgres)).filter(
    ({ section, name }) => section !== postgres.stanza || !replaced.has(name),
  );
  return `${own}${others.map(({ section, name, value }) => `[${section}]\n${name}=${value}\n`).join('')}`;
}

const unreadable = (service: string, file: string, { key, message, garbled }: RepositoryInfo): HoldfastError =>
  new HoldfastError({
    code: garbled ? 'refused' : 'repository-unreachable',
    operation: 'give pgbackrest another passphrase for',
    subject: jobName(service, nameOfRepository(key)),
    message: garbled
      ? `with what is declared now it cannot be read: ${message}`
      : `whether it can be read with what is declared now is not known: ${message}`,
    hint: `${file} stays as it is, with the passphrase from before. A repository keeps the one that it was made with: put that into cipherPassFile again (repo${key}-cipher-pass in ${file} is the one from before).`,
    retry: garbled ? 'never' : 'later',
  });
