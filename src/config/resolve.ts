// From files to the effective configuration: defaults merged, shorthands resolved, text made into domain types. It is total:
// whatever the schema let through is resolved, and cross-check.ts says afterwards what does not fit together.

import { basename } from 'node:path';
import { parseBytes } from '../domain/bytes.ts';
import { parseRate, type Rate } from '../domain/rate.ts';
import type { Json } from '../lib/json.ts';
import type { Configuration, GateConfig, RepositoryConfig, SecretSource, ServiceConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, EffectiveEntries, Written } from './effective.ts';
import { normalPath, mediumOf } from './repository-url.ts';
import { resolveAgent } from './resolve-agent.ts';
import { resolveBackup } from './resolve-backup.ts';
import { resolveDataset, resolveParentDataset } from './resolve-datasets.ts';
import { resolveGate } from './resolve-gate.ts';
import { resolveMetrics } from './resolve-metrics.ts';
import { resolveNotifications } from './resolve-notifications.ts';
import { resolveMariadb } from './resolve-mariadb.ts';
import { resolvePostgres } from './resolve-postgres.ts';
import { resolveProtection } from './resolve-protection.ts';
import { dumpsPlace, leaveOutDumped, resolveDumps } from './resolve-dumps.ts';
import { resolveMigrate } from './resolve-migrate.ts';
import { resolveRecover } from './resolve-recover.ts';
import { resolveReplication } from './resolve-replication.ts';
import { resolveServerCopy } from './resolve-server-copy.ts';
import { resolveUnits } from './resolve-units.ts';
import { serverUnit } from './server-unit.ts';
import { resolveVerification } from './resolve-verification.ts';
import type { ConfigurationFile, RepositoryFile, ServiceFile } from './schema.ts';
import { argvOf, milliseconds, parsed } from './written-values.ts';

/** A service with the document that declares it: the main file or one of services.d. */
export interface DeclaredService {
  readonly name: string;
  readonly value: ServiceFile;
  readonly document: SourceDocument;
}

export interface ResolveInput {
  readonly main: SourceDocument;
  readonly file: ConfigurationFile;
  readonly services: readonly DeclaredService[];
  readonly files: readonly string[];
  /** What holds when the file does not say: the machine's name, the state directory of this user. */
  readonly host: string;
  readonly stateDir: string;
  /** `--state-dir`: wins over the file. */
  readonly stateDirOption?: string | undefined;
}

export interface Resolved {
  /** Without warnings and its portable form yet. */
  readonly configuration: Configuration;
  readonly entries: EffectiveEntries;
}

const DEFAULT_PRUNE_INTERVAL = '7d';
const SECTIONS = ['offsite'] as const;

export function resolveConfiguration(input: ResolveInput): Resolved {
  const { main, file } = input;
  const entries = new EffectiveEntries();
  const root = new Written(file, main, []);
  entries.add(['version'], root.get('version') ?? builtIn(file.version));
  const host = entries.add(['host'], root.get('host') ?? builtIn(input.host, "this machine's name"));
  const option: Choice<string> | undefined =
    input.stateDirOption === undefined
      ? undefined
      : { value: input.stateDirOption, origin: { kind: 'option', option: '--state-dir' } };
  const stateDir = normalPath(entries.add(['stateDir'], option ?? root.get('stateDir') ?? builtIn(input.stateDir)));

  const repositories = new Map<string, RepositoryConfig>();
  const declared = Object.entries(file.repositories ?? {});
  const saysPrimary = declared.some(([, value]) => value.primary === true);
  for (const [name, value] of declared) {
    const isFirst = repositories.size === 0 && !saysPrimary;
    repositories.set(name, resolveRepository(name, new Written(value, main, ['repositories', name]), isFirst, entries));
  }

  const classes = root.get('protectionClasses');
  if (classes) entries.add(['protectionClasses'], classes as Choice<Json>); // the schema holds JSON only

  const parent = resolveParentDataset(file.storage?.datasets, main, entries);
  const datasets = parent ? [parent] : [];
  const services = new Map<string, ServiceConfig>();
  for (const service of input.services) {
    services.set(service.name, resolveService(service, input, repositories, stateDir, entries));
    const { name, value, document } = service;
    const written = new Written(value.dataset, document, ['services', name, 'dataset']);
    const dataset = resolveDataset(name, written, value.dataset, parent, entries);
    if (dataset) datasets.push(dataset);
  }

  leaveOutDumped(services, entries);

  const gates = new Map<string, GateConfig>();
  for (const [name, value] of Object.entries(file.gate ?? {})) gates.set(name, resolveGate(name, value, main, entries));

  const replication = resolveReplication(file.replication, main, entries);
  const verification = resolveVerification(file.verification, main, [...repositories.keys()], entries);
  const metrics = resolveMetrics(file.metrics, main, entries);

  const units = resolveUnits(file.units, main, entries);
  const agent = resolveAgent(file.agent, main, entries);
  const notifications = resolveNotifications(file.notifications, main, entries);

  const sections: Record<string, Json> = {};
  for (const name of SECTIONS) {
    const choice = root.get(name) as Choice<Json> | undefined; // the schema holds JSON only
    if (choice) sections[name] = entries.add([name], choice);
  }
  const declaredThings = {
    repositories,
    services,
    datasets,
    gates,
    replication,
    verification,
    metrics,
    units,
    agent,
    notifications,
    sections,
  };
  return { configuration: { host, stateDir, files: input.files, ...declaredThings, portable: '', warnings: [] }, entries };
}

function resolveRepository(
  name: string,
  repository: Written<RepositoryFile>,
  isFirst: boolean,
  entries: EffectiveEntries,
): RepositoryConfig {
  const path = ['repositories', name];
  entries.add(path, { value: null, origin: { kind: 'written', document: repository.document, path, via: null } }, {});
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...path, key], choice);
  const none = builtIn(null);
  const url = add('url', repository.get('url') ?? builtIn(''));
  const password = resolvePassword(repository, path, entries);
  const environmentFile = add('environmentFile', repository.get('environmentFile') ?? none);
  const primary = add('primary', repository.get('primary') ?? builtIn(isFirst));
  const location = add('location', repository.get('location') ?? builtIn<'onsite' | 'offsite'>('onsite'));
  const medium = add('medium', repository.get('medium') ?? builtIn(mediumOf(url), 'from the url'));
  const mounted = add('mounted', repository.get('mounted') ?? none);
  const minFree = add('minFree', repository.get('minFree') ?? none);
  const concurrency = add('concurrency', repository.get('concurrency') ?? builtIn(1));
  const frequency = repository.get('frequency');
  if (frequency) add('frequency', frequency);
  const limits = repository.get('limits');
  if (limits) add('limits', limits);
  const rate = (text: string | undefined): Rate | null => (text === undefined ? null : parsed(parseRate, text));
  const prune = repository.inside('prune', repository.get('prune')?.value);
  const every = entries.add([...path, 'prune', 'every'], prune.get('every') ?? builtIn(DEFAULT_PRUNE_INTERVAL));
  return {
    name,
    url,
    password,
    environmentFile,
    primary,
    location,
    medium,
    mounted: mounted === null ? null : normalPath(mounted),
    minFree: minFree === null ? null : parsed(parseBytes, minFree),
    concurrency,
    frequency: frequency?.value ?? null,
    limits: { upload: rate(limits?.value.upload), download: rate(limits?.value.download) },
    pruneEvery: every === 'never' ? null : milliseconds(every),
  };
}

function resolvePassword(
  repository: Written<RepositoryFile>,
  path: readonly string[],
  entries: EffectiveEntries,
): SecretSource {
  const command = repository.get('passwordCommand');
  if (command) return { kind: 'command', argv: argvOf(entries.add([...path, 'passwordCommand'], command)) };
  const credential = repository.get('credential');
  if (credential) return { kind: 'credential', name: entries.add([...path, 'credential'], credential) };
  // Without any of the three the cross-check refuses the configuration; the empty path never reaches restic.
  return { kind: 'file', path: entries.add([...path, 'passwordFile'], repository.get('passwordFile') ?? builtIn('')) };
}

function resolveService(
  { name, value, document }: DeclaredService,
  input: ResolveInput,
  repositories: ReadonlyMap<string, RepositoryConfig>,
  stateDir: string,
  entries: EffectiveEntries,
): ServiceConfig {
  const path = ['services', name];
  const service = new Written(value, document, path);
  const defaults = new Written(input.file.defaults, input.main, ['defaults'], 'defaults');
  entries.add(path, { value: null, origin: { kind: 'written', document, path, via: null } }, {});
  const unit = serverUnit(service.get('unit'), value.postgres && normalPath(value.postgres.dataDir));
  if (unit) entries.add([...path, 'unit'], unit);
  const postgres = resolvePostgres(name, service.inside('postgres', value.postgres), value.postgres, entries);
  const mariadb = resolveMariadb(name, service.inside('mariadb', value.mariadb), value.mariadb, entries);
  const files = resolveBackup(
    name,
    service.inside('backup', value.backup),
    value.backup,
    defaults,
    [...repositories.keys()],
    resolveDumps(dumpsPlace(stateDir, name), postgres, mariadb),
    entries,
  );
  const copied = resolveServerCopy(service.inside('postgres', value.postgres), value.postgres, postgres, defaults, entries);
  const backup = files ?? copied;
  const protection = resolveProtection(name, service, value, defaults, input, entries);
  const recover = service.get('recover');
  if (recover) entries.add([...path, 'recover'], recover as Choice<Json>); // the schema holds JSON only
  const migrate = service.get('migrate');
  if (migrate) entries.add([...path, 'migrate'], migrate as Choice<Json>); // as above
  return {
    name,
    unit: unit?.value ?? null,
    backup,
    postgres,
    mariadb,
    protection,
    recover: resolveRecover(value.recover),
    migrate: resolveMigrate(value.migrate),
  };
}

/** How a document is called in the answer to "where does this come from": short, but not ambiguous. */
export const shortName = (file: string): string =>
  /\/services\.d\/[^/]+$/.test(file) ? `services.d/${basename(file)}` : basename(file);
