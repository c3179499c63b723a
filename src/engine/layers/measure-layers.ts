// How much lies where nobody looks for it: files beneath mounts, and what was written in place of a dataset. As root only: what
// lies beneath a mount is shown to nobody else.

import { type LayerFinding, wordsOf } from '../../domain/layer-words.ts';
import { type Beneath, type Covered, coveredAt, type Measured } from '../../domain/mount-beneath.ts';
import { byGravity } from '../../domain/mount-layers.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { countBeneath, countFiles } from '../../tools/util-linux/count-files.ts';
import type { LayeredPath } from './observe-layers.ts';
import type { ObservedScene } from './observe-scene.ts';

export interface MeasuredLayers {
  /** Each once, however many paths it concerns. */
  readonly findings: readonly LayerFinding[];
  /** What could not be looked at, in sentences. */
  readonly unknown: readonly string[];
}

export async function measureLayers(
  layered: readonly LayeredPath[],
  scene: ObservedScene,
  signal: AbortSignal,
): Promise<MeasuredLayers> {
  const unknown: string[] = [];
  const orTold = async <Answer>(what: string, ask: Promise<Answer>): Promise<Answer | null> => {
    try {
      return await ask;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      unknown.push(`${what} could not be counted: ${error.message}`);
      return null;
    }
  };
  const told = toldOnce(layered);
  const findings = await Promise.all(
    told.map(async (finding): Promise<LayerFinding> => {
      if (finding.kind !== 'unmounted' || finding.on?.path === finding.at) return finding; // another file system is no loss
      const counts = await orTold(`what is in ${finding.at}`, countFiles([finding.at], signal));
      return { ...finding, written: counts?.[0] ?? null };
    }),
  );
  const covered = unique(
    layered.flatMap(({ real }) => coveredAt(real, scene.mounts)),
    ({ on, directory }) => `${on.id} ${directory}`,
  );
  const beneath = await Promise.all(
    [...Map.groupBy(covered, ({ on }) => on)].map(async ([on, those]) => {
      const directories = those.map(({ directory }) => directory);
      const counts = await orTold(
        `what lies beneath ${those.map(({ at }) => at).join(', ')}`,
        countBeneath(on.path, directories, signal),
      );
      return those.flatMap((each, index) => found(each, counts?.[index]));
    }),
  );
  return { findings: [...findings, ...beneath.flat()], unknown };
}

const found = (covered: Covered, measured: Measured | undefined): Beneath[] =>
  measured && measured.files > 0 ? [{ ...covered, kind: 'beneath', harm: 'none', measured }] : [];

/** The gravest first; each once, however many paths it concerns. */
export const toldOnce = (layered: readonly LayeredPath[]): LayerFinding[] =>
  unique(layered.flatMap(({ findings }) => findings).toSorted(byGravity), (finding) => wordsOf(finding, null).told);

const unique = <Item>(items: readonly Item[], key: (item: Item) => string): Item[] =>
  [...Map.groupBy(items, key).values()].flatMap((same) => same.slice(0, 1));
