// Live progress of a run on standard error: one line per event, or a tree of steps on a terminal (progress-tree.ts).

import { isLook, type Plan, PREFLIGHT, stageOf } from '../domain/plan.ts';
import type { RunnerEvent } from '../engine/runner/runner.ts';
import type { CliContext } from './context.ts';
import type { ProgressView } from './progress-tree.ts';
import { tookOf } from './render-report.ts';
import { MARKS } from './style.ts';
import { printable } from './table.ts';

/** Chooses by terminal and options; disposing leaves the screen in order. */
export async function openProgress(context: CliContext): Promise<ProgressView> {
  if (showsTree(context)) {
    const { progressTree } = await import('./progress-tree.ts');
    return progressTree(context);
  }
  if (context.options.quiet) return { observe: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  let tellStep = tell;
  return {
    observe(event) {
      if (event.type === 'run-started' && event.plan.staged) tellStep = stageByStage(event.plan);
      tellStep(context, event);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Only the tree shows how far a step is. */
export const showsTree = ({ err, options }: CliContext): boolean =>
  err.isTerminal && !options.quiet && !options.verbose && !options.json;

function tell(context: CliContext, event: RunnerEvent): void {
  switch (event.type) {
    case 'notice':
      context.warn(event.message);
      break;
    case 'step-waiting':
      context.note(`${event.step.title}: ${event.message}`);
      break;
    case 'step-started':
      if (!isLook(event.step) || context.options.verbose) context.note(`${event.step.title} ...`);
      break;
    case 'step-warning':
      context.warn(`${event.step.title}: ${printable(event.message)}`);
      break;
    case 'step-ended':
      if (!context.options.verbose && !context.options.json) break; // the report says so in a moment, and better
      context.note(
        `${MARKS[event.report.outcome].mark} ${event.step.title}: ${event.report.outcome}` +
          (event.report.reason ? ` (${printable(event.report.reason)})` : ''),
      );
      break;
    case 'run-started':
    case 'step-progress':
    case 'run-ended':
      break;
    default:
      event satisfies never;
  }
}

/** Lines for a plan in stages: each stage when it begins, and each of its steps when it has ended. */
function stageByStage({ steps }: Plan): typeof tell {
  const waiting = Map.groupBy(
    steps.filter((step) => !isLook(step)),
    stageOf,
  );
  return (context, event) => {
    if (event.type === 'step-started' && !isLook(event.step)) {
      const members = waiting.get(stageOf(event.step));
      if (members) context.note(`${stageOf(event.step)} (${members.length})`);
      waiting.delete(stageOf(event.step));
    } else if (event.type === 'step-ended') {
      const { step, report } = event;
      if (report.outcome === 'succeeded' && step.stage === PREFLIGHT && !context.options.verbose) return;
      if (report.outcome === 'blocked') return; // by what has just been told
      const took = tookOf(report);
      const why = report.reason ? `: ${printable(report.reason)}` : '';
      context.note(`  ${MARKS[report.outcome].mark} ${step.title}  ${report.outcome}${took && ` in ${took}`}${why}`);
    } else if (event.type !== 'step-started') {
      tell(context, event);
    }
  };
}
