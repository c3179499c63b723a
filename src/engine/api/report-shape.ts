// Reports and what happens during a run, as they go over the wire: for the agent's documentation, and for whoever asks it.

import { z } from 'zod';
import { OUTCOMES } from '../../domain/outcome.ts';
import type { Progress } from '../../domain/plan.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { ErrorCode, ErrorReport } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';

export const instant = z.string().meta({ format: 'date-time' });
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const outcome = z.enum([...OUTCOMES, 'planned', 'running']);
const weight = z.enum(['critical', 'counted', 'advisory']);

const error: z.ZodType<ErrorReport> = z.looseObject({
  code: z.custom<ErrorCode>((value) => typeof value === 'string').meta({ type: 'string' }),
  message: z.string(),
  operation: z.string(),
  subject: z.string(),
  hint: z.string().nullable(),
  retry: z.enum(['never', 'later', 'now']),
  tool: z.object({ name: z.string(), exitCode: z.number().nullable(), stderrTail: z.array(z.string()) }).nullable(),
}) as unknown as z.ZodType<ErrorReport>; // an object of JSON in which these keys are known

const counts = z.object({
  succeeded: z.number(),
  partial: z.number(),
  failed: z.number(),
  timedOut: z.number(),
  interrupted: z.number(),
  skipped: z.number(),
  blocked: z.number(),
});

const step: z.ZodType<StepReport> = z.object({
  id: z.string().meta({ example: 'backup:sonarr@nas-primary' }),
  title: z.string(),
  stage: z.string().nullable(),
  service: z.string().nullable(),
  repository: z.string().nullable(),
  weight,
  outcome,
  reason: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationSeconds: z.number().nullable(),
  error: error.nullable(),
  warnings: z.array(z.string()),
  result: jsonObject.nullable(),
});

export const reportShape: z.ZodType<Report> = z.object({
  schemaVersion: z.literal(1),
  kind: z.string(),
  id: z.string(),
  host: z.string(),
  startedAt: instant,
  endedAt: instant.nullable(),
  outcome,
  exitCode: z.number(),
  dryRun: z.boolean(),
  counts,
  warnings: z.array(z.string()),
  steps: z.array(step),
});

const progress = z.object({
  bytesDone: z.number().optional(),
  bytesTotal: z.number().optional(),
  filesDone: z.number().optional(),
  filesTotal: z.number().optional(),
  secondsRemaining: z.number().optional(),
  message: z.string().optional(),
}) as z.ZodType<Progress>; // without a value a key is not there, for it comes from JSON

const of = { runId: z.string() };
const ofStep = { ...of, stepId: z.string() };

export const runEventShape: z.ZodType<RunEvent> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-started'),
    ...of,
    kind: z.string(),
    host: z.string(),
    startedAt: instant,
    staged: z.boolean(),
    steps: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        stage: z.string().nullable(),
        service: z.string().nullable(),
        repository: z.string().nullable(),
        weight,
        expectedSeconds: z.number().nullable(),
      }),
    ),
  }),
  z.object({ type: z.literal('notice'), ...of, message: z.string() }),
  z.object({ type: z.literal('step-waiting'), ...ofStep, message: z.string() }),
  z.object({ type: z.literal('step-started'), ...ofStep, at: instant }),
  z.object({ type: z.literal('step-progress'), ...ofStep, progress }),
  z.object({ type: z.literal('step-warning'), ...ofStep, message: z.string() }),
  z.object({ type: z.literal('step-ended'), ...of, step }),
  z.object({
    type: z.literal('run-ended'),
    ...of,
    kind: z.string(),
    outcome,
    exitCode: z.number(),
    endedAt: instant.nullable(),
    counts,
    reason: z.string().nullable(),
  }),
]);

/** How every refusal and failure is answered. */
export const errorShape = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      subject: z.string(),
      hint: z.string().nullable(),
    }),
  })
  .meta({ description: 'Refused, in the words of the command line.' });
