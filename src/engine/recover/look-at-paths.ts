// What is at the declared paths of a service, as far as a recovery must know it. What cannot be known is told as that.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { contains, normalPath } from '../../config/repository-url.ts';
import { wordsOf } from '../../domain/layer-words.ts';
import type { Obstacle } from '../../domain/postgres-recovery.ts';
import type { PathState, SeenPath } from '../../domain/recovery.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { declaredMounts } from '../../repositories/declared-mounts.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { contentOf } from '../../tools/util-linux/probe.ts';
import { heldBy, layersOf } from '../layers/observe-layers.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';
import { siblingPrefix } from '../restore/restore-places.ts';
import { emptyWhenBackedUp } from './abnormal-shrink.ts';

/** Asked in children that can be killed: a dead NFS server hangs whoever asks it. */
export async function lookAtPaths(
  service: ServiceConfig,
  { config, journal, mounts }: Surroundings,
  signal: AbortSignal,
): Promise<SeenPath[]> {
  const { backup } = service;
  if (backup === null || backup.serverCopy) return []; // none of its data is kept there
  const paths = [...new Set(backup.paths.map(normalPath))];
  const away = await missingMounts(config);
  const before = emptyWhenBackedUp(journal, service.name);
  const seen = await Promise.all(
    paths.map(async (path) => ({ path, ...(await stateOf(path, away, signal)), wasEmpty: before.has(path) })),
  );
  const there = seen.filter(({ state }) => state === 'data' || state === 'empty').map(({ path }) => path);
  const layered = await layersOf({ ...heldBy(service), paths }, there, mounts, signal);
  return seen.map((each, index): SeenPath => {
    const wrong = layered[index]?.findings.find(({ harm }) => harm !== 'none');
    if (wrong === undefined || each.state === 'unknown') return each;
    return { ...each, state: 'unknown', reason: wordsOf(wrong, service.unit).told, mayPass: false };
  });
}

/** Why it is not certain that what is seen at a path is what belongs there; null when it is. */
export async function whatHides(
  { name, unit }: Pick<ServiceConfig, 'name' | 'unit'>,
  path: string,
  { config, mounts }: Pick<Surroundings, 'config' | 'mounts'>,
  signal: AbortSignal,
): Promise<Obstacle | null> {
  const missing = hiddenBy(path, await missingMounts(config));
  if (missing !== null) return { reason: missing, mayPass: true };
  const [layered] = await layersOf({ name, paths: [path], dataset: null }, [path], mounts, signal);
  const wrong = layered?.findings.find(({ harm }) => harm !== 'none');
  if (wrong === undefined) return null;
  const { told, mend } = wordsOf(wrong, unit);
  return { reason: told, mend, mayPass: false };
}

/** Whatever is there now lies on the disk below, and is hidden as soon as it is mounted. */
function hiddenBy(path: string, away: readonly string[]): string | null {
  const mount = away.find((each) => each === path || contains(each, path));
  return mount === undefined ? null : `nothing is mounted at ${mount}, where ${path} belongs`;
}

export interface Surroundings {
  readonly config: Configuration;
  readonly journal: Journal;
  readonly mounts: ObservedScene;
}

interface Looked {
  readonly state: PathState;
  readonly reason: string | null;
  readonly mayPass: boolean;
}

async function stateOf(path: string, away: readonly string[], signal: AbortSignal): Promise<Looked> {
  const hidden = hiddenBy(path, away);
  if (hidden !== null) return { state: 'unknown', reason: hidden, mayPass: true };
  try {
    return { state: await contentOf(path, noData(path), signal), reason: null, mayPass: false };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return { state: 'unknown', reason: error.message, mayPass: error.retry !== 'never' };
  }
}

/** By fstab and by the gates. */
async function missingMounts({ gates }: Configuration): Promise<string[]> {
  const checked = [...gates.values()].flatMap(({ preflight }) => preflight.filter(({ mounted }) => mounted));
  const mounted = await mountPoints();
  return [...(await declaredMounts()), ...checked.map(({ path }) => path)].filter(
    (mount) => mount !== '/' && !mounted.has(mount),
  );
}

/** No data of a service: what a new file system comes with, and what a restore leaves while and after it is at work. */
export const noData = (path: string): string[] => [
  'lost+found',
  ...(['restoring', 'leaving', 'entering', 'before', 'displaced'] as const).map(
    (what) => `${siblingPrefix(path, what).replaceAll(/[*?[\]\\]/g, String.raw`\$&`)}*`,
  ),
];
