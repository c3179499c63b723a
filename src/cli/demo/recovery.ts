// Getting the demo's services back, and looking at every byte of what came. A recovery puts the data where it was; a drill
// restores it into an empty folder. PostgreSQL gets its dump back into a new cluster.

import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import type { Bytes } from '../../domain/bytes.ts';
import type { Report } from '../../domain/report.ts';
import { compareTrees } from '../../engine/restore/compare-trees.ts';
import type { CliContext } from '../context.ts';
import type { DemoServices } from './configuration.ts';
import { describeMeasured } from './measure.ts';
import { examineNotes, type NotesExpected } from './notes.ts';
import { restoreInPlace, restoreTo } from './plans.ts';
import { type Cluster, findPostgres, startCluster } from './postgres.ts';
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
    return await this.#prove({ service, repository, kind: 'recovery' }, this.#home(service), SHOP_DATABASE, () =>
      restoreInPlace(cli, configuration, service, repository),
    );
  }

  async drill(service: string, repository: string): Promise<Proof> {
    const { cli, configuration, scratch } = this.#options;
    const target = scratch.path('drill', service);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    return await this.#prove({ service, repository, kind: 'drill' }, join(target, this.#home(service)), 'shop_drill', () =>
      restoreTo(cli, configuration, service, repository, target),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }

  async #prove(
    about: Pick<Proof, 'service' | 'repository' | 'kind'>,
    directory: string,
    database: string,
    restore: () => Promise<Report>,
  ): Promise<Proof> {
    const begin = performance.now();
    const report = await restore();
    this.runs.push(report);
    const isShop = about.service === 'shop';
    if (isShop) await restoreDump(await this.#server(), join(directory, DUMP), database, this.#options.cli.signal);
    const seconds = (performance.now() - begin) / 1000;
    const snapshotId = snapshotOf(report.steps.at(-1)?.result ?? null);
    return { ...about, seconds, snapshotId, ...(await this.#compare(about.service, directory, database)) };
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
    const programs = (await findPostgres()) ?? '';
    const { scratch, cli } = this.#options;
    this.#cluster = this.#held.use(await startCluster(programs, scratch.path('postgresql'), cli.signal));
    return this.#cluster;
  }

  /** Where the service lived. */
  #home(service: string): string {
    return this.#options.configuration.services.get(service)?.backup?.paths[0] ?? '';
  }
}
