// What the doctor tells of the layers at the paths of a service, with the commands that mend them.

import type { ServiceConfig } from '../../config/configuration.ts';
import { type LayerFinding, wordsOf } from '../../domain/layer-words.ts';
import { measureLayers, toldOnce } from '../layers/measure-layers.ts';
import { heldBy, layersOf, serverHeldBy } from '../layers/observe-layers.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';
import { type DoctorInput, type Finding, ok, problem, warning } from './check.ts';

export interface Looking {
  readonly user: DoctorInput['user'];
  readonly signal: AbortSignal;
}

/** What is hidden, not mounted, or written beside the data. `present`: of its paths, and of its server's, those that are there. */
export async function layerFindings(
  service: ServiceConfig,
  present: readonly string[],
  scene: ObservedScene,
  { user, signal }: Looking,
): Promise<Finding[]> {
  const held = [heldBy(service), serverHeldBy(service)];
  const layered = (await Promise.all(held.map((each) => layersOf(each, present, scene, signal)))).flat();
  const { findings, unknown } =
    user.uid === 0 ? await measureLayers(layered, scene, signal) : { findings: toldOnce(layered), unknown: [] };
  return [
    ...findings.map((finding) => layerFinding(finding, service.unit)),
    ...unknown.map((sentence) => warning(sentence, null)),
  ];
}

function layerFinding(finding: LayerFinding, unit: string | null): Finding {
  const { told, mend } = wordsOf(finding, unit);
  if (mend === null) return ok(told);
  return finding.harm === 'none' ? warning(told, mend) : problem(told, mend);
}
