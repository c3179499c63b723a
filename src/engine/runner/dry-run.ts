// What a run would be, told without running anything.

import { ulid } from 'ulid';
import { EXIT } from '../../domain/exit-code.ts';
import type { Plan } from '../../domain/plan.ts';
import { buildReport, plannedStep, type Report } from '../../domain/report.ts';
import { verdictOf } from '../../domain/verdict.ts';
import type { Clock } from '../../lib/clock.ts';

/** The plan as a report: what would be done, with the exit code that is to be expected by then. Changes nothing. */
export function dryRun(plan: Plan, clock: Clock): Report {
  const now = clock.now();
  const expected = plan.steps.map((step) => ({
    ...plannedStep(step),
    outcome: step.doomed === true ? ('failed' as const) : ('succeeded' as const),
  }));
  return buildReport({
    kind: plan.kind,
    id: ulid(now),
    host: plan.host,
    startedAt: now,
    endedAt: now,
    outcome: 'planned',
    exitCode: plan.steps.some(({ doomed }) => doomed === true)
      ? (plan.judge ?? verdictOf)(expected, null).exitCode
      : EXIT.ok,
    warnings: plan.warnings ?? [],
    steps: plan.steps.map(plannedStep),
  });
}
