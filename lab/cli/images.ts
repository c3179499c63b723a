// `images`: makes everything that hosts are made from, so that the first test does not wait for it.

import { renderTable } from '../../src/cli/table.ts';
import { type Bytes, describeBytes } from '../../src/domain/bytes.ts';
import { openCache } from '../cache.ts';
import { run } from '../command.ts';
import { image, imageKey } from '../image/image.ts';
import { assertNothingMissing, missingThings, recipesOf, REQUIREMENTS } from '../requirements.ts';
import { note, output } from './output.ts';

export async function images(): Promise<void> {
  const missing = missingThings(
    ['container', 'machine'],
    REQUIREMENTS.filter(({ title }) => title !== 'memory'),
  );
  assertNothingMissing('make', 'images', missing);
  const cache = openCache();
  const never = new AbortController().signal; // Ctrl-C ends us, and what is half made is made again
  const made = [];
  for (const recipe of recipesOf('machine')) made.push({ recipe, path: await image(recipe, cache, note, never) });
  const rows = await Promise.all(
    made.map(async ({ recipe, path }) => [imageKey(recipe), describeBytes(await diskUsage(path))]),
  );
  output.write(renderTable([{ title: 'IMAGE' }, { title: 'SIZE', align: 'right' }], rows));
}

/** What it takes on the disk: images have holes. */
export async function diskUsage(path: string): Promise<Bytes> {
  const { stdout } = await run({
    argv: ['du', '--summarize', '--dereference-args', '--block-size=1', '--', path],
    operation: 'measure',
    subject: path,
  });
  return Number(stdout.split('\t', 1)[0]) as Bytes; // asked for in bytes
}
