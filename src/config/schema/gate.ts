// A gate as it is written: what must hold first, and the stages that run one after the other.

import { z } from 'zod';
import {
  absolutePath,
  bytesText,
  count,
  durationText,
  flag,
  list,
  name,
  oneOf,
  optional,
  percentageText,
  required,
  section,
} from './scalars.ts';

const STAGE_NAME_RULE = 'expected a name in one line, without spaces around it';
/** People read it and other stages name it; it is no part of a file name or a unit. */
const stageName = z
  .string({ error: STAGE_NAME_RULE })
  .regex(/^[^\s\p{Cc}](?:[^\p{Cc}\p{Zl}\p{Zp}]*[^\s\p{Cc}])?$/u, { error: STAGE_NAME_RULE })
  .max(100, { error: 'expected a name of at most 100 characters' });

/** Each star multiplies the time that a name which does not match costs. */
const pattern = (form: RegExp, rule: string): z.ZodString =>
  z
    .string({ error: rule })
    .regex(form, { error: rule })
    .max(255, { error: 'expected a pattern of at most 255 characters' })
    .refine((text) => text.split('*').length <= 5, { error: 'expected a pattern with at most 4 stars' });

const unitPattern = pattern(
  /^(?:[A-Za-z0-9:_.\\@*?-]|\[[!^]?[A-Za-z0-9:_.@-]+\])+$/,
  'expected a systemd unit or a shell pattern of units (with *, ? and [..]), such as syncoid-*.service',
);
const servicePattern = pattern(
  /^(?:[A-Za-z0-9_.*?-]|\[[!^]?[A-Za-z0-9_.-]+\])+$/,
  'expected a service or a shell pattern of services (with *, ? and [..]), such as media-*; a service goes to all of its repositories',
);

const whenRunning = oneOf('skip', 'join', 'fail');

const preflight = section({
  path: required(absolutePath, 'The directory that is looked at. It must exist.'),
  minFree: optional(bytesText, 'Free space that must be there.'),
  mounted: optional(flag, 'It must be a mount point itself: an empty directory is not a NAS.', false),
});

const stage = section({
  name: required(stageName, 'What the stage is called, in reports and in the needs of others. No two of a gate share one.'),
  units: optional(
    list(unitPattern),
    'The systemd units that are run to their end: names, or shell patterns such as syncoid-*.service. A stage has units, jobs or both.',
  ),
  jobs: optional(
    list(servicePattern),
    "The services that are backed up here, each to all of its repositories: names, or shell patterns; '*' is every one. A service belongs to one stage at most.",
  ),
  exclude: optional(list(unitPattern), 'What is left out of that again: shell patterns of units, and of services for jobs.'),
  concurrency: optional(
    count(1),
    'How many units and jobs run at once. When not written all of the stage does, but PostgreSQL one by one.',
  ),
  timeout: optional(
    durationText,
    'How long one unit may run, from its own start: 1h when not written. A job has the timeout of its service, if that is not longer.',
  ),
  onFailure: optional(
    oneOf('warn', 'count', 'critical'),
    'What a failure does to the verdict. warn: it is told and never counted. count: it is one of the share that criticalAbove judges. critical: it alone means do not deploy.',
    'count',
  ),
  expect: optional(
    count(1),
    'Exactly so many units and jobs there must be, so that one that has vanished is noticed. Not together with atLeast.',
  ),
  atLeast: optional(count(1), 'At least so many units and jobs there must be. Not together with expect.'),
  needs: optional(
    list(stageName),
    'Names of earlier stages. When anything in them failed, this one does not start. Otherwise a stage starts however those before it ended.',
  ),
  whenRunning: optional(
    whenRunning,
    "What is done about a unit that runs already, in this stage. The gate's when not written.",
  ),
  freshWithin: optional(durationText, "How young a success may be to count, in this stage. The gate's when not written."),
});

const STAGES_RULE =
  "expected at least one stage, such as {name: Applications, jobs: ['*']} or {name: Snapshots, units: [sanoid.service]}";

const GATE_RULE = 'expected a gate with its stages, under its name, as in {default: {stages: [...]}}';

const gate = section(
  {
    preflight: optional(list(preflight), 'What must hold before anything starts.'),
    criticalAbove: optional(
      percentageText,
      'When more than this share of what was tried and counts has failed, the verdict is: do not deploy.',
      '50%',
    ),
    whenRunning: optional(
      whenRunning,
      'What is done about a unit that runs already. skip: it is left alone. join: its end is waited for, and its outcome counts. fail: that is a failure.',
      'skip',
    ),
    freshWithin: optional(
      durationText,
      'What has succeeded within this time is not run again, and counts as a success. Everything is run when not written.',
    ),
    stages: required(
      z.array(stage, { error: STAGES_RULE }).min(1, { error: STAGES_RULE }),
      'The stages, one after the other.',
    ),
  },
  GATE_RULE,
);

export const gateSchema = z.record(name, gate, { error: 'expected a map of gates by name' });
