// Which repository has a copy of a service that is lost: asked in order, the next one when this one does not answer or has
// none that is good. Each repository is listed once, however many services ask.

import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import type { Bytes } from '../../domain/bytes.ts';
import type { Instant } from '../../domain/instant.ts';
import {
  type Copies,
  type DatedCopy,
  type NamedCopy,
  type PoorCopy,
  poorWords,
  shrunkWords,
  type SilentRepository,
} from '../../domain/recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { selectRepository } from '../select.ts';
import { candidatesOf, type Choice, chooseSnapshot, type Knowledge } from '../snapshots/choose-snapshot.ts';
import { type Holding, holdings } from '../snapshots/look.ts';
import { shrunkFrom } from './abnormal-shrink.ts';
import { lastKnown } from './last-known.ts';
import { whyRefused } from './refused-copies.ts';
import { type Asking, inOrderOfAsking, type Observed, recordedCompleteness } from '../snapshots/observe-snapshots.ts';

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

  async copiesOf(service: ServiceConfig, config: Configuration, { passedOver, insist }: Question = {}): Promise<Answer> {
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
      const choice = this.#choose(service, config, holding);
      const bad = choice === null ? null : this.#poor(service.name, name, choice, insist === true);
      const shrunk = choice === null ? null : this.#shrunk(service, config, holding, choice);
      if (choice === null) {
        useless.push({ repository: name, reason: 'answered and holds nothing of it', mayPass: false });
        const { toolbox, now } = this.#asking;
        const lost = lastKnown(toolbox.journal, service.name, repository, now);
        if (lost !== null) vanished.push({ repository: name, snapshotId: lost.snapshotId });
      } else if (bad) {
        poor.push(bad);
        useless.push({ repository: name, reason: `has no good copy (${poorWords(bad)})`, mayPass: false });
      } else if (shrunk !== null) {
        useless.push({ repository: name, reason: shrunkWords(shrunk), mayPass: false });
        return { copies: { kind: 'shrunk', repository: name, ...shrunk }, chosen: null, remarks: [], useless };
      } else {
        const passed = useless.map(
          (each) => `${each.repository} ${each.reason}: ${name} is used instead, which may hold an older state`,
        );
        const chosen = { ...choice, repository };
        const copies: Copies = { kind: 'found', repository: name, snapshotId: choice.snapshot.id };
        return { copies, chosen, remarks: [...passed, ...choice.remarks], useless };
      }
    }
    const copies: Copies =
      silent.length > 0
        ? { kind: 'unknown', silent, poor }
        : { kind: 'none', repositories: candidates.map(({ name }) => name), poor, vanished };
    return { copies, chosen: null, remarks: [], useless };
  }

  /** Null where it is good as far as is known. */
  #poor(service: string, repository: string, { snapshot, partial }: Choice, insist: boolean): PoorCopy | null {
    const copy = { repository, snapshotId: snapshot.id };
    if (partial) return { ...copy, kind: 'incomplete', why: 'is known to be incomplete' };
    const why = insist ? null : whyRefused(this.#asking.toolbox.journal, { ...copy, service });
    return why === null ? null : { ...copy, kind: 'refused', why };
  }

  /** Null where it is as large as it should be. */
  #shrunk(
    { name }: ServiceConfig,
    { host }: Configuration,
    { repository, snapshots }: Holding,
    { snapshot }: Choice,
  ): { readonly newest: DatedCopy; readonly before: DatedCopy } | null {
    const { toolbox } = this.#asking;
    const known = this.#known(name, repository.name);
    const copies = candidatesOf(snapshots, { service: name, host }, known)
      .filter(({ time }) => time <= snapshot.time)
      .map(({ id, time, summary }) => ({ id, time, bytes: summary?.bytesProcessed ?? null }));
    const before = shrunkFrom(toolbox.journal, { service: name, repository: repository.name }, copies);
    const [newest] = copies;
    return before && newest ? { newest: dated(newest), before: dated(before) } : null;
  }

  #known(service: string, repository: string): Knowledge {
    const { toolbox, now } = this.#asking;
    return { repository, complete: recordedCompleteness(toolbox, service, repository), now };
  }

  /** Null when it holds nothing of it. */
  #choose({ name }: ServiceConfig, { host }: Configuration, { repository, snapshots }: Holding): Choice | null {
    try {
      return chooseSnapshot(snapshots, { service: name, host }, this.#known(name, repository.name));
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'snapshot-missing') return null;
      throw error;
    }
  }
}

const dated = ({ id, time, bytes }: { id: string; time: Instant; bytes: Bytes | null }): DatedCopy => ({
  snapshotId: id,
  time,
  bytes,
});
