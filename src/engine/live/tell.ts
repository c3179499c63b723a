// The runner's events as data, and data as the runner's events again: what is shown of a run elsewhere is shown by the very same
// code as here.

import { type Duration, duration } from '../../domain/duration.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { Report } from '../../domain/report.ts';
import type { PlannedStep, RunEvent } from '../../domain/run-event.ts';
import type { RunnerEvent } from '../runner/runner.ts';

/** `runId` is that of the run it belongs to. */
export function told(event: RunnerEvent, runId: string, now: Instant): RunEvent {
  switch (event.type) {
    case 'run-started': {
      const { kind, host, staged, steps } = event.plan;
      const startedAt = formatInstant(now);
      return { type: event.type, runId, kind, host, startedAt, staged: staged === true, steps: steps.map(plannedOf) };
    }
    case 'notice':
      return { type: event.type, runId, message: event.message };
    case 'step-waiting':
    case 'step-warning':
      return { type: event.type, runId, stepId: event.step.id, message: event.message };
    case 'step-started':
      return { type: event.type, runId, stepId: event.step.id, at: formatInstant(now) };
    case 'step-progress':
      return { type: event.type, runId, stepId: event.step.id, progress: event.progress };
    case 'step-ended':
      return { type: event.type, runId, step: event.report };
    case 'run-ended':
      return endOf(event.report);
    default:
      return event satisfies never;
  }
}

/** A run that began without anybody telling of it: what its report knows. */
export const beginningOf = ({ id, kind, host, startedAt, steps }: Report): RunEvent => ({
  type: 'run-started',
  runId: id,
  kind,
  host,
  startedAt,
  staged: false,
  steps: steps.map((step) => ({
    id: step.id,
    title: step.title,
    stage: step.stage,
    service: step.service,
    repository: step.repository,
    weight: step.weight,
    expectedSeconds: null,
  })),
});

export const endOf = ({ id, kind, outcome, exitCode, endedAt, counts }: Report, reason: string | null = null): RunEvent => ({
  type: 'run-ended',
  runId: id,
  kind,
  outcome,
  exitCode,
  endedAt,
  counts,
  reason,
});

const plannedOf = (step: Step): PlannedStep => ({
  id: step.id,
  title: step.title,
  stage: step.stage ?? null,
  service: step.service ?? null,
  repository: step.repository ?? null,
  weight: step.weight,
  expectedSeconds: step.expected === undefined ? null : step.expected / 1000,
});

/** What a listener hears of one run, as its runner would say it; null for what says nothing that it knows the step of. */
export function listener(): (event: RunEvent) => RunnerEvent | null {
  const steps = new Map<string, Step>();
  const about = (stepId: string, make: (step: Step) => RunnerEvent): RunnerEvent | null => {
    const step = steps.get(stepId);
    return step ? make(step) : null;
  };
  return (event) => {
    switch (event.type) {
      case 'run-started': {
        const plan: Plan = {
          kind: event.kind,
          host: event.host,
          staged: event.staged,
          limits: {},
          steps: event.steps.map(shownStep),
        };
        for (const step of plan.steps) steps.set(step.id, step);
        return { type: event.type, runId: event.runId, plan };
      }
      case 'notice':
        return { type: event.type, message: event.message };
      case 'step-waiting':
      case 'step-warning':
        return about(event.stepId, (step) => ({ type: event.type, step, message: event.message }));
      case 'step-started':
        return about(event.stepId, (step) => ({ type: event.type, step }));
      case 'step-progress':
        return about(event.stepId, (step) => ({ type: event.type, step, progress: event.progress }));
      case 'step-ended':
        return about(event.step.id, (step) => ({ type: event.type, step, report: event.step }));
      case 'run-ended':
        return null; // the report that follows says it
      default:
        return event satisfies never;
    }
  };
}

/** A step of somebody else's run: to be shown. */
const shownStep = ({ stage, service, repository, expectedSeconds, ...step }: PlannedStep): Step => ({
  ...step,
  ...(stage === null ? {} : { stage }),
  ...(service === null ? {} : { service }),
  ...(repository === null ? {} : { repository }),
  ...(expectedSeconds === null ? {} : { expected: secondsLong(expectedSeconds) }),
  run: () => Promise.reject(new Error('it is run by another process')),
});

const secondsLong = (seconds: number): Duration => duration(seconds, 's');
