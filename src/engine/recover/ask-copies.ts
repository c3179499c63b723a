// Which repository has a copy of a service that is lost: asked in order, the next one when this one does not answer or has
// none that is good. Each repository is listed once, however many services ask.

import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import {
  type Copies,
  type NamedCopy,
  type PoorCopy,
  poorWords,
  shrunkWords,
  type SilentRepository,
} from '../../domain/recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { selectRepository } from '../select.ts';
import { type Holding, holdings } from '../snapshots/look.ts';
import { type Asking, inOrderOfAsking, type Observed } from '../snapshots/observe-snapshots.ts';
import { judgeHolding } from './judge-holding.ts';

export interface Answer {
  readonly copies: Copies;
  /** The copy that was found. */
  readonly chosen: Observed | null;
  /** What whoever recovers should know about the choice. */
  readonly remarks: readonly string[];
  /** Those asked before the one that was found, and why each of them is of no use; all of them where none was found. */
  readonly useless: readonly SilentRepository[];
}

export const UNASKED: Answer = { copies: { kind: 'unasked' }, chosen: null, remarks: [], useless: [] };

export interface Question {
  /** Names of those that could not give it back. */
  readonly passedOver?: ReadonlySet<string>;
  /** A copy that is known not to be good is found all the same: somebody wants to try it. */
  readonly insist?: boolean;
}

export class Repositories {
  readonly #asking: Asking;
  readonly #asked = new Map<string, Promise<Holding>>();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** What it holds, or why that is unknown. */
  holding(repository: RepositoryConfig): Promise<Holding> {
    const asked = this.#asked.get(repository.name) ?? this.#ask(repository);
    this.#asked.set(repository.name, asked);
    return asked;
  }

  async #ask(repository: RepositoryConfig): Promise<Holding> {
    const { toolbox, signal } = this.#asking;
    try {
      requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      return { repository, snapshots: [], error };
    }
    const [holding] = await holdings([repository], this.#asking);
    if (holding) return holding;
    throw new HoldfastError({ code: 'bug', operation: 'ask', subject: repository.name, message: 'it was not asked' });
  }

  async copiesOf(
    service: ServiceConfig,
    config: Configuration,
    { passedOver, insist = false }: Question = {},
  ): Promise<Answer> {
    const { toolbox, now } = this.#asking;
    const judging = { host: config.host, toolbox, now, insist };
    const names = (service.backup?.repositories ?? []).filter((name) => passedOver?.has(name) !== true);
    const candidates = inOrderOfAsking(names.map((name) => selectRepository(config, name)));
    const silent: SilentRepository[] = [];
    const poor: PoorCopy[] = [];
    const vanished: NamedCopy[] = [];
    const useless: SilentRepository[] = [];
    for (const repository of candidates) {
      const { name } = repository;
      const holding = await this.holding(repository); // oxlint-disable-line no-await-in-loop -- the next one only when this one has none
      if (holding.error) {
        const { message, retry } = holding.error;
        silent.push({ repository: name, reason: message, mayPass: retry !== 'never' });
        useless.push({ repository: name, reason: `could not be asked (${message})`, mayPass: retry !== 'never' });
        continue;
      }
      const judged = judgeHolding(holding, { ...judging, service: service.name });
      switch (judged.kind) {
        case 'nothing':
          useless.push({ repository: name, reason: 'answered and holds nothing of it', mayPass: false });
          if (judged.vanished) vanished.push(judged.vanished);
          break;
        case 'poor':
          poor.push(judged.copy);
          useless.push({ repository: name, reason: `has no good copy (${poorWords(judged.copy)})`, mayPass: false });
          break;
        case 'shrunk':
          useless.push({ repository: name, reason: shrunkWords(judged), mayPass: false });
          return { copies: judged, chosen: null, remarks: [], useless };
        case 'good':
          return found({ ...judged.choice, repository }, judged.remarks, useless);
        default:
          return judged satisfies never;
      }
    }
    const copies: Copies =
      silent.length > 0
        ? { kind: 'unknown', silent, poor }
        : { kind: 'none', repositories: candidates.map(({ name }) => name), poor, vanished };
    return { copies, chosen: null, remarks: [], useless };
  }
}

function found(chosen: Observed, remarks: readonly string[], useless: readonly SilentRepository[]): Answer {
  const { name } = chosen.repository;
  const passed = useless.map(
    ({ repository, reason }) => `${repository} ${reason}: ${name} is used instead, which may hold an older state`,
  );
  const copies: Copies = { kind: 'found', repository: name, snapshotId: chosen.snapshot.id };
  return { copies, chosen, remarks: [...passed, ...remarks], useless };
}
