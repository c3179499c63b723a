// The live tree of steps on a terminal. listr2 draws; each of its tasks only waits for what the runner says of its step.

import {
  Listr,
  type ListrDefaultRenderer,
  type ListrSimpleRenderer,
  type ListrTask as AnyTask,
  type ListrTaskWrapper,
} from 'listr2';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, duration, type Duration } from '../domain/duration.ts';
import { elapsed, type Instant } from '../domain/instant.ts';
import { isLook, type Plan, type Progress, stageOf, type Step } from '../domain/plan.ts';
import type { StepReport } from '../domain/report.ts';
import type { RunnerEvent } from '../engine/runner/runner.ts';
import type { CliContext } from './context.ts';
import { printable } from './table.ts';

type Task = ListrTaskWrapper<unknown, ListrDefaultRenderer, ListrSimpleRenderer>;

type ListrTask = AnyTask<unknown, ListrDefaultRenderer, ListrSimpleRenderer>;

interface Row {
  readonly ended: PromiseWithResolvers<StepReport>;
  task: { title?: unknown; output?: unknown; skip?: (message?: string) => void } | null;
}

/** Disposing leaves the screen in order. */
export interface ProgressView extends AsyncDisposable {
  observe(event: RunnerEvent): void;
}

export function progressTree(context: CliContext): ProgressView {
  const rows = new Map<string, Row>();
  const begun = new Map<string, { readonly step: Step; readonly at: Instant; readonly doing: string }>();
  let drawn: Promise<unknown> = Promise.resolve();
  const taskOf = (step: Step): ListrTask => ({
    title: step.title,
    task: async (_: unknown, task: Task) => {
      const row = rows.get(step.id);
      if (!row) return;
      row.task = task;
      finish(task, await row.ended.promise);
    },
  });
  const draw = (plan: Plan): void => {
    const steps = plan.steps.filter((step) => !isLook(step));
    for (const step of steps) rows.set(step.id, { ended: Promise.withResolvers(), task: null });
    const tasks = plan.staged
      ? [...Map.groupBy(steps, stageOf)].map(([title, members]) => ({
          title,
          task: (_: unknown, task: Task) => task.newListr(members.map(taskOf), { concurrent: true, exitOnError: false }),
        }))
      : steps.map(taskOf);
    drawn = new Listr<unknown, 'default', 'simple'>(tasks, {
      concurrent: true,
      renderer: 'default',
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: {
        clearOutput: true,
        collapseErrors: false,
        collapseSubtasks: false,
        showErrorMessage: false,
        formatOutput: 'truncate' as const,
      },
    }).run();
  };
  /** How long each has been at work, and how long it took before: only where nothing better is told of it. */
  const clock = setInterval(
    () => {
      for (const { step, at, doing } of begun.values()) {
        show(rows.get(step.id), [doing, describeElapsed(step, elapsed(at, context.clock.now()))].filter(Boolean).join(', '));
      }
    },
    duration(1, 's'),
  );
  return {
    observe(event) {
      switch (event.type) {
        case 'run-started':
          draw(event.plan);
          break;
        case 'notice':
          context.warn(event.message);
          break;
        case 'step-waiting':
          show(rows.get(event.step.id), event.message);
          break;
        case 'step-started':
          begun.set(event.step.id, { step: event.step, at: context.clock.now(), doing: '' });
          break;
        case 'step-progress': {
          const known = begun.get(event.step.id);
          const doing = describeProgress(event.progress);
          if (known) begun.set(event.step.id, { ...known, doing });
          show(rows.get(event.step.id), doing);
          break;
        }
        case 'step-ended':
          begun.delete(event.step.id);
          rows.get(event.step.id)?.ended.resolve(event.report);
          break;
        case 'step-warning':
        case 'run-ended':
          break;
        default:
          event satisfies never;
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(clock);
      for (const row of rows.values()) row.ended.reject(new Error('not finished')); // a no-op for those that ended
      await drawn.catch(() => {}); // the report tells every failure; the tree only draws
    },
  };
}

function show(row: Row | undefined, text: string): void {
  if (row?.task) row.task.output = text;
}

function finish(task: Task, report: StepReport): void {
  if (report.outcome === 'succeeded') return;
  const why = report.reason ? `: ${printable(report.reason)}` : '';
  if (report.outcome === 'skipped' || report.outcome === 'partial') task.skip(`${report.title} [${report.outcome}${why}]`);
  else throw new Error(`${report.title} [${report.outcome}${why}]`);
}

/** `12s of about 40s` */
const describeElapsed = ({ expected }: Step, took: Duration): string =>
  describeDuration(took) + (expected === undefined ? '' : ` of about ${describeDuration(expected)}`);

/** `1.20 GiB of 4.00 GiB, 310 of 2,000 files, 40s left` */
export function describeProgress(progress: Progress): string {
  const parts: string[] = [];
  if (progress.message) parts.push(printable(progress.message));
  if (progress.bytesDone !== undefined) {
    const total = progress.bytesTotal === undefined ? '' : ` of ${describeBytes(progress.bytesTotal as Bytes)}`;
    parts.push(describeBytes(progress.bytesDone as Bytes) + total);
  }
  if (progress.filesDone !== undefined) {
    parts.push(`${progress.filesDone}${progress.filesTotal === undefined ? '' : ` of ${progress.filesTotal}`} files`);
  }
  if (progress.secondsRemaining) parts.push(`${describeDuration(duration(progress.secondsRemaining, 's'))} left`);
  return parts.join(', ');
}
