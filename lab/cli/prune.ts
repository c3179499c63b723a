// `prune`: takes away what nobody uses any more. Images that are not today's may still be in use by hosts, so they stay as long
// as there is one.

import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeBytes } from '../../src/domain/bytes.ts';
import { processOf } from '../../src/process/identity.ts';
import { type Cache, openCache } from '../cache.ts';
import { run } from '../command.ts';
import { imageKey } from '../image/image.ts';
import { recipesOf } from '../requirements.ts';
import { liveRuns, reap } from '../run-directory.ts';
import { diskUsage } from './images.ts';
import { note, say } from './output.ts';

export async function prune(): Promise<void> {
  const cache = openCache();
  const runs = await reap(cache);
  for (const id of runs) say(`removed what run ${id} had left`);
  const isInUse = liveRuns(cache).size > 0;
  const old = oldImages(cache);
  const useless = [...deadLogs(cache), ...unfinished(cache), ...(isInUse ? [] : old)];
  for (const path of useless) await remove(path);
  for (const path of idleLocks(cache)) rmSync(path, { force: true });
  const names = old.map((path) => basename(path)).join(', ');
  if (isInUse && old.length > 0) note(`kept ${names}: there are hosts that may use what is not of today`);
  else if (runs.length + useless.length === 0) say('There is nothing to remove.');
}

/** Of other recipes: other packages, or another version of the lab. */
function oldImages({ images }: Cache): string[] {
  const current = new Set(recipesOf('machine').map(imageKey));
  return readdirSync(images)
    .filter((name) => !/\.lock$|\.making-/.test(name) && !current.has(name))
    .map((name) => join(images, name));
}

/** Of images that are not there, and that nobody makes. */
function idleLocks({ images }: Cache): string[] {
  const names = readdirSync(images);
  const isIdle = (key: string): boolean => !names.some((name) => name === key || name.startsWith(`${key}.making-`));
  return names.filter((name) => name.endsWith('.lock') && isIdle(name.slice(0, -5))).map((name) => join(images, name));
}

/** Their process died before they were whole. */
const unfinished = ({ images }: Cache): string[] => ofDeadProcesses(images, /\.making-(\d+)$/);

/** Of keepers that died, with who started them, before they had a run directory. */
const deadLogs = ({ runs }: Cache): string[] => ofDeadProcesses(dirname(runs), /^keeper-(\d+)-.*\.log$/);

const ofDeadProcesses = (directory: string, pattern: RegExp): string[] =>
  readdirSync(directory)
    .filter((name) => {
      const pid = pattern.exec(name)?.[1];
      return pid !== undefined && processOf(Number(pid)) === null;
    })
    .map((name) => join(directory, name));

async function remove(path: string): Promise<void> {
  const size = lstatSync(path).isDirectory() ? `, ${describeBytes(await diskUsage(path))}` : '';
  await run({ argv: ['rm', '-rf', '--', path], operation: 'remove', subject: path });
  say(`removed ${basename(path)}${size}`);
}
