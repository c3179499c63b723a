// What is layered at the mountpoints of datasets that are mounted: told beside the plan, with the commands that mend it. What keeps a
// dataset from being made as declared is its decision's.

import type { ServiceConfig } from '../../config/configuration.ts';
import { wordsOf } from '../../domain/layer-words.ts';
import { measureLayers, toldOnce } from '../layers/measure-layers.ts';
import { layersOf } from '../layers/observe-layers.ts';
import { observeScene } from '../layers/observe-scene.ts';
import type { DatasetScene } from './scene.ts';

/** A sentence or two for each. Only root is told what lies beneath a mount. Throws `failed` when a file system does not answer. */
export async function layerWarnings(
  { declared, decisions }: Pick<DatasetScene, 'declared' | 'decisions'>,
  services: ReadonlyMap<string, ServiceConfig>,
  signal: AbortSignal,
): Promise<string[]> {
  const scene = await observeScene([...services.values()], signal);
  const datasets = scene.zfs.kind === 'told' ? scene.zfs.datasets : new Map<string, never>();
  const stuck = new Set(decisions.filter(({ obstacles }) => obstacles.length > 0).map(({ dataset }) => dataset));
  const looked = declared.flatMap(({ name, service }) => {
    const state = datasets.get(name);
    return state?.mounted && state.mountpoint.startsWith('/') && !stuck.has(name)
      ? [{ name, service: service === null ? undefined : services.get(service), at: state.mountpoint }]
      : [];
  });
  const warnings = await Promise.all(
    looked.map(async ({ name, service, at }) => {
      const layered = await layersOf({ name: service?.name ?? '', paths: [at], dataset: name }, [at], scene, signal);
      const { findings, unknown } =
        process.getuid?.() === 0
          ? await measureLayers(layered, scene, signal)
          : { findings: toldOnce(layered), unknown: [] };
      const words = findings.map((finding) => wordsOf(finding, service?.unit ?? null));
      return [...words.map(({ told, mend }) => (mend === null ? told : `${told}. To mend it: ${mend}`)), ...unknown];
    }),
  );
  return [...new Set(warnings.flat())];
}
