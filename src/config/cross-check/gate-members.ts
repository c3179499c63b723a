// What the stages of a gate run: patterns that match something, of the right kind, and no service twice. Which units there
// are only systemd knows; nothing here asks it.

import { hasWildcard, namePattern } from '../../lib/name-pattern.ts';
import { withSuffix } from '../../lib/unit-name.ts';
import type { GateConfig, GateStage, ServiceConfig } from '../configuration.ts';
import { nearest } from '../nearest.ts';
import { formatPath, type KeyPath } from '../problems.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkMembers(input: CrossCheckInput, gate: GateConfig, path: KeyPath, findings: Findings): void {
  const services = [...input.resolved.configuration.services.values()];
  const earlier = new Map<string, number>();
  for (const [index, stage] of gate.stages.entries()) {
    const at = [...path, 'stages', index];
    const isLeftOut = namePattern(stage.exclude);
    for (const [position, pattern] of stage.units.entries())
      checkUnits(pattern, isLeftOut, services, [...at, 'units', position], findings);
    const here = new Set<string>();
    for (const [position, pattern] of stage.jobs.entries()) {
      const place = [...at, 'jobs', position];
      const matched = matching(pattern, services.filter(isBackedUp));
      const kept = matched.filter((name) => !isLeftOut(name));
      if (matched.length === 0) tellNoService(pattern, input, place, findings);
      else if (kept.length === 0) findings.warn(place, 'exclude leaves everything out again that this matches');
      tellTwice(pattern, kept, earlier, gate, place, findings);
      for (const name of kept) here.add(name);
    }
    for (const name of here) if (!earlier.has(name)) earlier.set(name, index);
    for (const [position, pattern] of stage.exclude.entries())
      checkExclude(pattern, stage, input, [...at, 'exclude', position], findings);
  }
}

const isBackedUp = ({ backup, postgres }: ServiceConfig): boolean => backup !== null || postgres !== null;

const matching = (pattern: string, services: readonly ServiceConfig[]): string[] =>
  services.map(({ name }) => name).filter(namePattern(pattern));

const someLeftOut = ({ leftOut }: CrossCheckInput): boolean => [...leftOut].some((path) => path.startsWith('services'));

const SUFFIX = /\.(?:service|target|timer|socket|path|mount|automount|swap|device|slice|scope)$/;
/** Starting one succeeds at once, and what it stands for has not been done. */
const WITHOUT_END = /\.(?:target|timer|socket|path|mount|automount|swap|device|slice|scope)$/;

function checkUnits(
  pattern: string,
  isLeftOut: (name: string) => boolean,
  services: readonly ServiceConfig[],
  path: KeyPath,
  findings: Findings,
): void {
  const kind = WITHOUT_END.exec(pattern)?.[0];
  if (kind !== undefined) {
    const instead = /\.(?:timer|socket|path)$/.test(kind) ? `: write ${pattern.slice(0, -kind.length)}.service` : '';
    findings.error(path, `a ${kind.slice(1)} unit has no work that ends, so running it proves nothing${instead}`);
    return;
  }
  if (!hasWildcard(pattern) && isLeftOut(pattern)) findings.warn(path, 'exclude leaves it out again');
  if (!SUFFIX.test(pattern) && services.some(({ name }) => name === pattern))
    findings.warn(
      path,
      `${pattern} is a service of this configuration: write it under jobs to have it backed up, or ${pattern}.service for the unit`,
    );
  const matches = namePattern(pattern);
  for (const { name, unit } of services) {
    if (unit === null || !matches(unit) || isLeftOut(unit)) continue;
    const instead = hasWildcard(pattern) ? `leave it out with exclude: [${unit}]` : `to back ${name} up write it under jobs`;
    findings.warn(path, `${unit} is the unit of the service ${name} itself, which this would start: ${instead}`);
  }
}

function tellNoService(pattern: string, input: CrossCheckInput, path: KeyPath, findings: Findings): void {
  const { services } = input.resolved.configuration;
  const belongs = SUFFIX.test(pattern) ? ' (systemd units stand under units)' : '';
  if (hasWildcard(pattern)) {
    if (!someLeftOut(input)) findings.warn(path, `it matches no service that is backed up${belongs}`);
    return;
  }
  if (input.leftOut.has('services') || input.leftOut.has(formatPath(['services', pattern]))) return;
  const service = services.get(pattern);
  if (service !== undefined) {
    const reason = idleReason(service, input);
    if (reason !== null) findings.error(path, `nothing of ${pattern} is backed up (${reason}): take it away here`);
    return;
  }
  const known = [...services.values()].filter(isBackedUp).map(({ name }) => name);
  const near = nearest(pattern.replace(SUFFIX, ''), known);
  const instead = near ? `did you mean '${near}'?` : `there is: ${known.join(', ') || 'none'}`;
  findings.error(path, `there is no service '${pattern}'${belongs}; ${instead}`);
}

/** Why it is so on purpose; null when it is a mistake, which is told at the service. */
function idleReason({ name, protection }: ServiceConfig, { services }: CrossCheckInput): string | null {
  if (protection.copies === 0) return `its protection class '${protection.class}' keeps nothing`;
  const written = services.find((service) => service.name === name)?.value;
  return written?.backup?.enable === false ? 'its backup is switched off' : null;
}

function tellTwice(
  pattern: string,
  names: readonly string[],
  earlier: ReadonlyMap<string, number>,
  gate: GateConfig,
  path: KeyPath,
  findings: Findings,
): void {
  for (const index of new Set(earlier.values())) {
    const twice = names.filter((name) => earlier.get(name) === index);
    if (twice.length === 0) continue;
    const place = findings.place(['gate', gate.name, 'stages', index, 'jobs']);
    const some = twice.length > 5 ? `${twice.slice(0, 5).join(', ')} and ${twice.length - 5} more` : twice.join(', ');
    const instead = hasWildcard(pattern) && twice.length <= 5 ? `, or write here: exclude: [${some}]` : '';
    findings.error(
      path,
      `${some} would be backed up twice: the stage '${gate.stages[index]?.name}' does it too (${place}). Name a service in one stage only${instead}`,
    );
  }
}

function checkExclude(pattern: string, stage: GateStage, input: CrossCheckInput, path: KeyPath, findings: Findings): void {
  const matches = namePattern(pattern);
  const leavesUnitOut = stage.units.some((units) =>
    hasWildcard(units)
      ? hasWildcard(pattern) || namePattern(withSuffix(units))(withSuffix(pattern))
      : namePattern(withSuffix(pattern))(withSuffix(units)),
  );
  const jobs = [...input.resolved.configuration.services.keys()].filter(namePattern(stage.jobs));
  if (leavesUnitOut || jobs.some(matches) || (stage.jobs.length > 0 && someLeftOut(input))) return;
  const near = nearest(pattern, jobs);
  findings.warn(
    path,
    `nothing that this stage runs is called so: it leaves nothing out${near ? `; did you mean '${near}'?` : ''}`,
  );
}
