// Getting the demo's services back, and looking at every byte of what came. A recovery puts the data where it was; a drill
// restores it into scratch. PostgreSQL gets its dump back into a new cluster.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import type { Bytes } from '../../domain/bytes.ts';
import type { Report } from '../../domain/report.ts';
import { compareTrees } from '../../engine/restore/compare-trees.ts';
import type { CliContext } from '../context.ts';
import type { DemoServices } from './configuration.ts';
import { describeMeasured } from './measure.ts';
import { examineNotes, type NotesExpected } from './notes.ts';
import { drill, PlanFailed, restoreInPlace } from './plans.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { newestServerPrograms } from '../../tools/postgresql/programs.ts';
import { type Cluster, startCluster } from './postgres.ts';
import { grouped, type Proof, snapshotOf } from './proof.ts';
import type { Scratch } from './scratch.ts';
import { NOTES_FILE } from './services.ts';
import { compareDigests, digestsOf, DUMP, restoreDump, SHOP_DATABASE, type TableDigest } from './shop.ts';

/** What is remembered of the services that were destroyed. */
export interface Originals {
  readonly paths: DemoServices;
  /** A copy of the photos. */
  readonly photos: string;
  readonly notes: NotesExpected;
  readonly shop: readonly TableDigest[] | null;
}

export interface RecoveryOptions {
  readonly cli: CliContext;
  readonly configuration: Configuration;
  readonly scratch: Scratch;
  readonly originals: Originals;
}

type Comparison = Pick<Proof, 'compared' | 'differences'>;

export class Recovery implements AsyncDisposable {
  readonly runs: Report[] = [];
  readonly #options: RecoveryOptions;
  readonly #held = new AsyncDisposableStack();
  #cluster: Cluster | null = null;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  get services(): readonly string[] {
    return [...this.#options.configuration.services.keys()];
  }

  async recover(service: string, repository: string): Promise<Proof> {
    const { cli, configuration } = this.#options;
    const begin = performance.now();
    const report = await restoreInPlace(cli, configuration, service, repository);
    this.runs.push(report);
    const directory = this.#home(service);
    await this.#load(service, directory, SHOP_DATABASE);
    const seconds = (performance.now() - begin) / 1000;
    const snapshotId = snapshotOf(report.steps.at(-1)?.result ?? null);
    const found = await this.#compare(service, directory, SHOP_DATABASE);
    return { service, repository, kind: 'recovery', seconds, snapshotId, ...found };
  }

  /** The very drill of the command, with an eye that remembers the original. */
  async drill(service: string, repository: string): Promise<Proof> {
    const { cli, configuration } = this.#options;
    const seen: (Comparison & { readonly loading: number })[] = [];
    const report = await drill(cli, configuration, service, repository, async (_, root) => {
      const directory = join(root, this.#home(service));
      const loading = await this.#load(service, directory, 'shop_drill');
      const found = await this.#compare(service, directory, 'shop_drill');
      seen.push({ ...found, loading });
      return found.differences;
    }).catch((error: unknown) => {
      // a drill that found what we saw is told as what we saw
      if (!(error instanceof PlanFailed) || seen.every(({ differences }) => differences.length === 0)) throw error;
      return error.report;
    });
    this.runs.push(report);
    const step = report.steps.at(-1);
    const { compared = '', differences = [], loading = 0 } = seen[0] ?? {};
    const seconds = Number(step?.result?.['seconds'] ?? step?.durationSeconds) + loading;
    return {
      service,
      repository,
      kind: 'drill',
      seconds,
      snapshotId: snapshotOf(step?.result ?? null),
      compared,
      differences,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }

  /** A dump is of use once it is in a server. Answers with the seconds that this took. */
  async #load(service: string, directory: string, database: string): Promise<number> {
    const begin = performance.now();
    if (service === 'shop')
      await restoreDump(await this.#server(), join(directory, DUMP), database, this.#options.cli.signal);
    return (performance.now() - begin) / 1000;
  }

  async #compare(service: string, directory: string, database: string): Promise<Comparison> {
    if (service === 'shop') return await this.#compareShop(database);
    return service === 'notes' ? await this.#compareNotes(directory) : await this.#comparePhotos(directory);
  }

  async #comparePhotos(directory: string): Promise<Comparison> {
    const { originals, cli } = this.#options;
    const { files, bytes, differences } = await compareTrees(originals.photos, directory, cli.signal);
    const measured = describeMeasured({ files, bytes: bytes as Bytes }); // it counts bytes
    return { compared: `${measured}: every byte equal`, differences };
  }

  async #compareNotes(directory: string): Promise<Comparison> {
    const { atLeast } = this.#options.originals.notes;
    const others = (await readdir(directory)).filter((name) => name !== NOTES_FILE);
    const { rows, differences } = examineNotes(join(directory, NOTES_FILE), this.#options.originals.notes);
    return {
      compared: `intact, ${grouped(rows)} notes without a gap (${grouped(atLeast)} before the backup)`,
      differences: [...others.map((name) => `${name} does not belong there`), ...differences],
    };
  }

  async #compareShop(database: string): Promise<Comparison> {
    const expected = this.#options.originals.shop ?? [];
    const found = await digestsOf(await this.#server(), database, this.#options.cli.signal);
    const rows = found.reduce((sum, table) => sum + table.rows, 0);
    return {
      compared: `${found.length} tables, ${grouped(rows)} rows: every row equal`,
      differences: compareDigests(expected, found),
    };
  }

  /** A new cluster, started when it is first needed. */
  async #server(): Promise<Cluster> {
    if (this.#cluster) return this.#cluster;
    const { scratch, cli } = this.#options;
    const programs = await newestServerPrograms(cli.signal);
    if (programs === null) throw gone();
    this.#cluster = this.#held.use(await startCluster(programs, scratch.path('postgresql'), cli.signal));
    return this.#cluster;
  }

  /** Where the service lived. */
  #home(service: string): string {
    return this.#options.configuration.services.get(service)?.backup?.paths[0] ?? '';
  }
}

const gone = (): HoldfastError =>
  new HoldfastError({
    code: 'tool-missing',
    operation: 'start',
    subject: 'PostgreSQL',
    message: 'the programs that the demo began with are not there any more',
  });
