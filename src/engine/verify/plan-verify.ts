// The plan of `holdfast verify`: for each repository its files against their names (on a local path), then restic's own check
// with the key. Repositories side by side, of each one thing after the other.

import type { Configuration, RepositoryConfig, VerificationConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { describeDuration } from '../../domain/duration.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { repositoryLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { EVERYTHING, nextSlice, type Verification, type VerificationFact } from '../../domain/verification.ts';
import { verdictOf } from '../../domain/verdict.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { toolStep } from '../backup/plan-run.ts';
import { selectRepository } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';
import { checkStep } from './check-step.ts';
import type { Scene } from './findings.ts';
import { isDueBy, verificationFacts } from './past.ts';
import { scrubStep } from './scrub-step.ts';
import type { Declared } from './stock.ts';

export interface VerifyWish {
  /** In how many runs all data is read; null: as it is configured. */
  readonly rounds: number | null;
  /** Only the files against their names, all of them; no password. */
  readonly keyless: boolean;
  /** Skip what was verified not long ago. */
  readonly due: boolean;
}

/** In how many runs the files on a local path are read once, where nothing is written. */
const USUAL_ROUNDS = 10;

/**
 * Which repositories are meant: those named, always; otherwise those of the `verification` section, none where that is
 * disabled. Throws `usage` for an unknown name, and for one that cannot be read without its key.
 */
export function selectForVerification(
  config: Configuration,
  names: readonly string[],
  { keyless }: Pick<VerifyWish, 'keyless'>,
): RepositoryConfig[] {
  if (names.length > 0) {
    const named = [...new Set(names)].map((name) => selectRepository(config, name));
    const remote = keyless ? named.find(({ url }) => localDirectory(url) === null) : undefined;
    if (remote) throw notLocal(remote.name);
    return named;
  }
  const { enable, repositories } = config.verification;
  if (!enable) return [];
  const selected = repositories.map((name) => selectRepository(config, name));
  return keyless ? selected.filter(({ url }) => localDirectory(url) !== null) : selected;
}

export function planVerify(
  declared: Declared & { readonly verification: VerificationConfig },
  repositories: readonly RepositoryConfig[],
  wish: VerifyWish,
  toolbox: Toolbox,
  now: Instant,
): Plan {
  const scene: Scene = { declared, toolbox, told: new Map() };
  const tool = toolStep(toolbox);
  const steps = repositories.flatMap((repository) => stepsOf(repository, wish, { scene, now, tool: tool.id, ...declared }));
  return {
    kind: 'verify',
    host: declared.host,
    judge,
    limits: Object.fromEntries(repositories.map(({ name }) => [repositoryLock(name), 1])),
    steps: [...(steps.some(({ needs = [] }) => needs.includes(tool.id)) ? [tool] : []), ...steps],
  };
}

/** Damage is nothing that successes beside it make up for. */
const judge: NonNullable<Plan['judge']> = (steps, interruptedBy) =>
  interruptedBy === null && steps.some(({ error }) => error?.code === 'damaged')
    ? { outcome: 'failed', exitCode: EXIT.failed }
    : verdictOf(steps, interruptedBy);

interface Setting {
  readonly scene: Scene;
  readonly now: Instant;
  readonly tool: string;
  readonly verification: VerificationConfig;
}

function stepsOf(repository: RepositoryConfig, wish: VerifyWish, { scene, now, tool, verification }: Setting): Step[] {
  const facts = verificationFacts(scene.toolbox.journal, repository);
  const directory = localDirectory(repository.url);
  const means = [...(directory === null ? [] : ['names' as const]), ...(wish.keyless ? [] : ['check' as const])];
  if (wish.due && !isDueBy(facts, means, verification, now)) return [notDue(repository, facts, means, now)];
  const rounds = wish.rounds ?? verification.rounds;
  const names = wish.keyless ? EVERYTHING : nextSlice(facts, 'names', rounds ?? USUAL_ROUNDS);
  return [
    ...(directory === null ? [] : [scrubStep({ repository, directory, slice: names, keyless: wish.keyless }, scene)]),
    ...(wish.keyless
      ? []
      : [checkStep({ repository, slice: rounds === null ? null : nextSlice(facts, 'check', rounds) }, scene, [tool])]),
  ];
}

function notDue(
  { name }: RepositoryConfig,
  facts: readonly VerificationFact[],
  means: readonly Verification['how'][],
  now: Instant,
): Step {
  const last = Math.max(...facts.filter(({ detail, at }) => means.includes(detail.how) && at <= now).map(({ at }) => at));
  const reason = `it was verified ${describeDuration(elapsed(last as Instant, now))} ago`; // one of them
  return {
    id: stepId.verify(name),
    title: `Verify ${name}`,
    repository: name,
    weight: 'counted',
    run: () => Promise.resolve({ outcome: 'skipped', reason }),
  };
}

const notLocal = (name: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'verify',
    subject: name,
    message: `${name} is not on a local path: --keyless reads files`,
    hint: 'Run it on the machine that holds the repository: `holdfast verify --url PATH --keyless`. Without --keyless restic checks it from here.',
  });
