// What sources of lost data that are no repository said when they were asked: snapshots of this machine, replicas on another. Pure.

import type { ErrorCode } from '../lib/errors.ts';

/**
 * `found`: it has the data, or very probably. `nothing`: it answered and holds nothing of it. `unusable`: it holds something that
 * cannot be used. `silent`: it did not answer, or is not what was declared, so that nobody knows.
 */
export type Said = 'found' | 'nothing' | 'unusable' | 'silent';

export interface SaidSource {
  /** 'snapshot', 'replica nas' */
  readonly name: string;
  readonly said: Said;
  /** In words that follow its name. */
  readonly reason: string;
  /** What keeps it silent may pass without anybody. */
  readonly mayPass: boolean;
}

export const foundIn = (sources: readonly SaidSource[]): SaidSource | null =>
  sources.find(({ said }) => said === 'found') ?? null;

/** 'snapshot: tank/app has none; replica nas: ...' */
export const wordsOfSources = (sources: readonly SaidSource[]): string =>
  sources.map(({ name, reason }) => `${name}: ${reason}`).join('; ');

export interface NoSource {
  readonly action: 'fail' | 'block';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
  /** Trying later may help without a person. */
  readonly again: boolean;
}

/** What these say against an empty start where no source has the data. Null: all of them answered and hold nothing. */
export function objectionOf(service: string, sources: readonly SaidSource[]): NoSource | null {
  const silent = sources.filter(({ said }) => said === 'silent');
  if (silent.length > 0) {
    return {
      action: 'fail',
      code: 'repository-unreachable',
      reason: `its data is gone, and it is not known whether there is a copy (${wordsOfSources(silent)})`,
      hint: `See why, then: holdfast recover ${service}. It is not started empty: what does not answer may hold everything.`,
      again: silent.some(({ mayPass }) => mayPass),
    };
  }
  const unusable = sources.filter(({ said }) => said !== 'nothing');
  if (unusable.length === 0) return null;
  return {
    action: 'block',
    code: 'refused',
    reason: `its data is gone, and what there is of it cannot be used by itself (${wordsOfSources(unusable)})`,
    hint: 'See docs/guide/disaster-recovery.md: what a snapshot or a replica holds can be had back by hand.',
    again: false,
  };
}
