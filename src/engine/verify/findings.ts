// How a verification that found damage ends: everything on record, and an error that says what is lost, what still holds it,
// and how to repair with stock restic.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { describeDuration } from '../../domain/duration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { allReadSince, type Flaw, standingFlaws, type Verification } from '../../domain/verification.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { placeOf } from '../../repositories/place.ts';
import type { Maintenance } from '../repository/maintenance.ts';
import type { Toolbox } from '../toolbox.ts';
import { damageEvidence, type Stock, type Touched, touchedBy } from './attribution.ts';
import { attributed, pastFacts, unattributed, verificationFacts } from './past.ts';
import { type Declared, heldElsewhere, type Lost } from './stock.ts';

export interface Finding {
  readonly repository: RepositoryConfig;
  readonly verification: Verification;
  /** When it began. */
  readonly at: Instant;
  readonly stock: Stock;
  readonly lost: Lost;
  /** Null without a key. */
  readonly restic: Maintenance | null;
  /** More figures for the report. */
  readonly figures: JsonObject;
}

export interface Scene {
  readonly declared: Declared;
  readonly toolbox: Toolbox;
  /** Whom items touch, as this run has found out already, by repository. */
  readonly told: Map<string, ReadonlyMap<string, readonly Touched[]>>;
}

/** Puts it on record, and answers for the step. */
export async function conclude(finding: Finding, scene: Scene, context: StepContext): Promise<StepResult> {
  const { repository, verification, at, lost } = finding;
  const { flaws } = verification;
  // now, before anything else can go wrong: that there is damage is known
  context.record([
    {
      kind: 'verify',
      service: '',
      repository: repository.name,
      snapshotId: '',
      at,
      complete: flaws.length === 0,
      detail: { ...verification, place: placeOf(repository) },
    } satisfies Evidence,
    ...lost.evidence,
  ]);
  const readSince = allReadSince(pastFacts(scene.toolbox.journal, repository, context.now()), verification.how);
  const figures = {
    repository: repository.name,
    ...verification,
    allReadSince: readSince === null ? null : formatInstant(readSince),
    ...finding.figures,
    lost: lost.evidence.map(({ service, snapshotId }) => ({ service, snapshotId })),
  };
  const touched = await touchedAnew(finding, scene, context);
  if (flaws.length === 0) {
    const reason = lost.alarms.join('; ') || null;
    return {
      outcome: reason === null ? 'succeeded' : 'partial',
      reason,
      result: { ...figures, touched: [], elsewhere: [] },
    };
  }
  const now = context.now();
  const services = [...new Set(touched.flatMap(({ service }) => service ?? []))];
  const copies = heldElsewhere(services, repository, scene.declared, scene.toolbox.journal, now);
  const elsewhere = copies.map((each) => ({
    service: each.service,
    copies: each.copies.map((copy) => ({ repository: copy.repository, at: formatInstant(copy.at) })),
  }));
  const repair = repairOf(repository, flaws);
  const error = new HoldfastError({
    code: 'damaged',
    operation: 'verify',
    subject: repository.name,
    message: [describeFlaws(flaws), describeTouched(touched), ...lost.alarms].join('; '),
    hint: [describeCopies(copies, now), ...repair].filter(Boolean).join(' '),
    retry: 'never',
  });
  return { outcome: 'failed', error, result: { ...figures, touched, elsewhere, repair } };
}

/** Asks of what has not been asked about in this run, and of what an earlier one did not get to, and puts that on record. */
async function touchedAnew(
  { repository, verification, stock, restic }: Finding,
  scene: Scene,
  context: StepContext,
): Promise<Touched[]> {
  const { journal } = scene.toolbox;
  const told = scene.told.get(repository.name) ?? new Map<string, readonly Touched[]>();
  const standing = standingFlaws(verificationFacts(journal, repository));
  const left = unattributed(journal, repository, [...standing.keys()]).flatMap((item) => standing.get(item) ?? []);
  const asked = new Map([...verification.flaws, ...left].map((flaw) => [flaw.item, flaw]));
  const news = [...asked.values()].filter(({ item }) => !told.has(item));
  if (news.length === 0) return touchedByAny(verification.flaws, told);
  context.progress({ message: 'looking for whom the damage touches' });
  const found = await touchedBy(news, stock, restic, context);
  const now = context.now();
  const items = news.map(({ item }) => item);
  context.record([...damageEvidence(repository, found, now), attributed(repository, items, now)]);
  const touchedOf = (item: string): readonly Touched[] => found.filter((each) => each.items.includes(item));
  const all = new Map([...told, ...items.map((item) => [item, touchedOf(item)] as const)]);
  scene.told.set(repository.name, all);
  return touchedByAny(verification.flaws, all);
}

const touchedByAny = (flaws: readonly Flaw[], told: ReadonlyMap<string, readonly Touched[]>): Touched[] => [
  ...new Set(flaws.flatMap(({ item }) => told.get(item) ?? [])),
];

const shortItem = (item: string): string => item.replace(/\/([0-9a-f]{8})[0-9a-f]{56}$/, '/$1');

/** '2 of its files are damaged (data/b781a81c, index/249a9337), 1 is missing (data/4a7b94fc)' */
function describeFlaws(flaws: readonly Flaw[]): string {
  const parts = (['damaged', 'missing'] as const).flatMap((problem) => {
    const items = flaws.filter((flaw) => flaw.problem === problem).map(({ item }) => item);
    if (items.length === 0) return [];
    const named = items.slice(0, 3).map(shortItem).join(', ');
    const more = items.length > 3 ? ` and ${items.length - 3} more` : '';
    return [`${items.length} of its files ${items.length === 1 ? 'is' : 'are'} ${problem} (${named}${more})`];
  });
  return parts.join(', ');
}

/** 'touched: notes (2 snapshots), photos (perhaps all)' */
function describeTouched(touched: readonly Touched[]): string {
  if (touched.length === 0) return 'no snapshot that is known refers to what is damaged';
  const byOwner = Map.groupBy(touched, ({ service, host }) => service ?? (host === null ? 'unknown' : `others of ${host}`));
  const owners = [...byOwner].map(([owner, all]) => {
    const whole = all.some(({ snapshotId }) => snapshotId === '');
    return `${owner} (${whole ? 'perhaps all' : `${all.length} ${all.length === 1 ? 'snapshot' : 'snapshots'}`})`;
  });
  return `touched: ${owners.join(', ')}`;
}

function describeCopies(copies: ReturnType<typeof heldElsewhere>, now: Instant): string {
  const sentences = copies.map(({ service, copies: held }) => {
    if (held.length === 0) return `No other repository is known to hold ${service}: keep its live data safe.`;
    const where = held.map(({ repository, at }) => `${repository} (${describeDuration(elapsed(at, now))} old)`);
    return `A complete copy of ${service} is in ${where.join(' and ')}.`;
  });
  return sentences.join(' ');
}

/** In the order in which it is done. Nothing that is damaged is made worse by it; do not prune before. */
export function repairOf(repository: RepositoryConfig, flaws: readonly Flaw[]): string[] {
  const named = (kind: string, problem?: Flaw['problem']): string[] =>
    flaws
      .filter((flaw) => flaw.item.startsWith(kind) && (problem === undefined || flaw.problem === problem))
      .map(({ item }) => item.slice(item.indexOf('/') + 1));
  const local = localDirectory(repository.url);
  const file = (name: string): string => (local === null ? name : `${local}/${name}`);
  const steps: string[] = [];
  if (named('config').length > 0)
    steps.push(`Put ${file('config')} back from another copy of this repository: without it nothing in it can be read.`);
  const keys = named('keys/');
  if (keys.length > 0)
    steps.push(
      `Put ${keys.map((name) => file(`keys/${name}`)).join(', ')} back from another copy, or remove it if another key opens.`,
    );
  const snapshots = named('snapshots/');
  if (snapshots.length > 0)
    steps.push(
      `Move aside what describes the lost snapshots: ${snapshots.map((name) => file(`snapshots/${name}`)).join(' ')}.`,
    );
  const broken = named('data/', 'damaged');
  const needsIndex = flaws.some(
    ({ item, problem }) => /^(?:index|structure)/.test(item) || (item.startsWith('data/') && problem === 'missing'),
  );
  if (needsIndex) steps.push('`restic repair index`.');
  if (broken.length > 0) steps.push(`\`restic repair packs ${broken.join(' ')}\`.`);
  if (needsIndex || broken.length > 0)
    steps.push(
      'Back up again (`holdfast run`): what the sources still hold is stored anew. Then `restic repair snapshots --forget` takes what is lost out of the old snapshots.',
    );
  return ['Do not prune.', ...steps, `Then: \`holdfast verify ${repository.name} --data 100%\``];
}
