// What `holdfast gate --dry-run` shows: each stage with what belongs to it, what is left out and why, and how long it may take.

import type { GateConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import { jobName, stepId } from '../../domain/naming.ts';
import { PREFLIGHT } from '../../domain/plan.ts';
import type { Report } from '../../domain/report.ts';
import { type ArrangedStage, engineName } from '../../engine/gate/arrange.ts';
import { gateText } from '../../engine/gate/derive.ts';
import { type Estimates, makespan } from '../../engine/gate/estimate.ts';
import { plural } from '../plural.ts';
import type { ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable, renderTable } from '../table.ts';

export interface GatePlanView {
  readonly gate: GateConfig;
  readonly derived: boolean;
  readonly stages: readonly ArrangedStage[];
  readonly estimates: Estimates;
}

export function renderGatePlan(report: Report, view: GatePlanView, out: ReportView): string {
  const { gate, derived, stages } = view;
  const checks = report.steps.filter(({ stage, weight }) => stage === PREFLIGHT && weight !== 'advisory');
  return [
    `Gate ${gate.name}${derived ? ', made of what this host has: none is configured' : ''}\n`,
    `\n${paint(out, 'strong', 'Preflight')}\n`,
    ...checks.map(({ title }) => `  ${printable(title)}\n`),
    ...stages.map((stage) => `\n${stageText(stage, view, out)}`),
    ...(derived ? [`\nTo keep it, or to change it, write into the configuration:\n\n${gateText(gate)}`] : []),
    `\nDry run: ${plural(report.steps.length, 'step')}, nothing was changed.\n`,
  ].join('');
}

function stageText(arranged: ArrangedStage, { estimates }: GatePlanView, out: ReportView): string {
  const { stage, units, jobs, engines, leftOut, short } = arranged;
  const members = [
    ...units.map((name) => ({ name, took: estimates.get(stepId.unit(name)) })),
    ...jobs.map(({ service, repository }) => ({
      name: jobName(service.name, repository.name),
      took: estimates.get(stepId.backup(service.name, repository.name)),
    })),
    ...engines.map(({ name }) => ({ name: engineName(name), took: undefined })),
  ];
  const rows = [
    ...members.map(({ name, took }) => [
      `  ${printable(name)}`,
      took === undefined ? '' : `about ${describeDuration(took)}`,
    ]),
    ...leftOut.map(({ name, why }) => [paint(out, 'dim', `  ${printable(name)}`), paint(out, 'dim', `left out: ${why}`)]),
    ...(short === 0 ? [] : [['', paint(out, 'bad', short > 0 ? `${short} too few` : `${-short} too many`)]]),
  ];
  const title = `${paint(out, 'strong', stage.name)}  ${describeStage(arranged, members)}\n`;
  return title + (rows.length > 0 ? renderTable([{ title: '' }, { title: '' }], rows) : '  nothing on this host\n');
}

/** `7 units, 3 at once, failures only warn, about 2m` */
function describeStage(
  { stage, units, jobs, engines, concurrency }: ArrangedStage,
  members: readonly { readonly took: Duration | undefined }[],
): string {
  const known = members.flatMap(({ took }) => took ?? []);
  const total = describeDuration(makespan(known, concurrency));
  const count = units.length + jobs.length + engines.length;
  return [
    ...(units.length > 0 ? [plural(units.length, 'unit')] : []),
    ...(jobs.length + engines.length > 0 ? [plural(jobs.length + engines.length, 'job')] : []),
    ...(count > concurrency ? [`${concurrency} at once`] : []),
    ...(stage.timeout === null ? [] : [`at most ${describeDuration(stage.timeout)} each`]),
    ...(stage.onFailure === 'warn' ? ['a failure is only told'] : []),
    ...(stage.onFailure === 'critical' ? ['a failure stops the deployment'] : []),
    ...(stage.needs.length > 0 ? [`needs ${stage.needs.join(', ')}`] : []),
    ...(known.length === 0 ? [] : [known.length < count ? `at least ${total}` : `about ${total}`]),
  ].join(', ');
}
