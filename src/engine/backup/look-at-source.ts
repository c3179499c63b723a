// What a backup may read of a service: paths that are there, and lead to its data. What is hidden, or belongs to a dataset that
// is not mounted, is as good as missing: it must not be saved as if it were the data.

import type { BackupConfig, ServiceConfig } from '../../config/configuration.ts';
import { pathsKey } from '../../config/paths-key.ts';
import { wordsOf } from '../../domain/layer-words.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { presenceOf } from '../../tools/util-linux/probe.ts';
import { toldOnce } from '../layers/measure-layers.ts';
import { heldBy, layersOf } from '../layers/observe-layers.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';

export interface SourceLook {
  /** To be read. */
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Why a copy of those that are present is not all of the data, in sentences. */
  readonly layered: readonly string[];
}

/** Databases are dumped also where files are missing. Throws `source-missing` or `not-mounted` when there is nothing to read. */
export async function lookAtSource(
  service: ServiceConfig,
  { paths, dumps }: BackupConfig,
  scene: ObservedScene,
  signal: AbortSignal,
): Promise<SourceLook> {
  const { present, missing } = await presenceOf(paths, signal);
  const all = await layersOf(heldBy(service), present, scene, signal);
  const harmed = toldOnce(all).filter(({ harm }) => harm !== 'none');
  const others = new Set(
    all.filter(({ findings }) => findings.some(({ harm }) => harm === 'whole')).map(({ path }) => path),
  );
  const words = harmed.map((finding) => wordsOf(finding, service.unit));
  const left = {
    present: present.filter((path) => !others.has(path)),
    missing: missing.filter((path) => !others.has(path)),
    layered: words.map(({ told }) => told),
  };
  if (left.present.length > 0 || dumps !== null) return left;
  const are = left.missing.length === 1 ? 'does' : 'do';
  const gone = left.missing.length === 0 ? [] : [`${left.missing.join(', ')} ${are} not exist`];
  throw new HoldfastError({
    code: words.length > 0 ? 'not-mounted' : 'source-missing',
    operation: 'back up',
    subject: service.name,
    message: [...left.layered, ...gone].join('; '),
    hint: words[0]?.mend ?? `Is its file system mounted? If it moved, correct ${pathsKey(service)}.`,
    retry: 'later',
  });
}
