// The three services of the demo while they live: their data, and the programs that work on it.

import { mkdir, rm } from 'node:fs/promises';
import { asHoldfastError } from '../../lib/errors.ts';
import type { DemoServices } from './configuration.ts';
import { type NotesWriter, startNotesWriter } from './notes-writer.ts';
import { makePhotos } from './photos.ts';
import { newestServerPrograms } from '../../tools/postgresql/programs.ts';
import { type Cluster, startCluster } from './postgres.ts';
import type { Scratch } from './scratch.ts';
import { DUMP, makeDumpHook, makeShop, type TableDigest, digestsOf, SHOP_DATABASE } from './shop.ts';

export const NOTES_FILE = 'notes.db';

export interface LivingShop {
  readonly cluster: Cluster;
  readonly tables: readonly TableDigest[];
}

export interface LivingServices extends AsyncDisposable {
  readonly paths: DemoServices;
  readonly writer: NotesWriter;
  /** Or why there is none. */
  readonly shop: LivingShop | string;
}

/** Makes and starts them. Disposing stops what runs. */
export async function makeServices(scratch: Scratch, signal: AbortSignal): Promise<LivingServices> {
  await using held = new AsyncDisposableStack();
  const photos = scratch.path('services', 'photos');
  const notes = scratch.path('services', 'notes');
  await mkdir(notes, { recursive: true });
  const database = scratch.path('services', 'notes', NOTES_FILE);
  const starting = startShop(scratch, signal);
  starting.catch(() => {}); // told where it is awaited below, unless something else ended the story before
  held.defer(async () => {
    const started = await starting.catch(() => '');
    if (typeof started !== 'string') await started.cluster[Symbol.asyncDispose]();
  });
  await makePhotos(photos);
  const writer = held.use(await startNotesWriter(database, signal));
  const shop = await starting;
  const directory = scratch.path('services', 'shop');
  const hook =
    typeof shop === 'string' ? null : await makeDumpHook(shop.cluster, scratch.path('dump-shop'), `${directory}/${DUMP}`);
  const running = held.move();
  return {
    paths: { photos, notes: { directory: notes, database }, shop: hook && { directory, hook } },
    writer,
    shop,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A machine without PostgreSQL, or on which it will not start, still sees the rest of the story. */
async function startShop(scratch: Scratch, signal: AbortSignal): Promise<LivingShop | string> {
  const programs = await newestServerPrograms(signal);
  if (programs === null) return 'the programs of its server (initdb, postgres) are not installed';
  await using held = new AsyncDisposableStack();
  try {
    const cluster = held.use(await startCluster(programs, scratch.path('postgresql'), signal));
    await makeShop(cluster, signal);
    await mkdir(scratch.path('services', 'shop'), { recursive: true });
    const tables = await digestsOf(cluster, SHOP_DATABASE, signal);
    held.move();
    return { cluster, tables };
  } catch (error) {
    signal.throwIfAborted();
    await held.disposeAsync();
    await rm(scratch.path('postgresql'), { recursive: true, force: true });
    const { message, tool } = asHoldfastError(error, 'start', 'PostgreSQL');
    return `it does not start here: ${tool?.stderrTail.at(-1) ?? message}`;
  }
}
