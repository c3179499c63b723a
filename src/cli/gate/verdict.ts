// A gate for people: each stage in a line, what went wrong with its last words, and at the end the lines that say whether it
// is safe to deploy. Those are a contract: scripts look for them.

import type { GateConfig } from '../../config/configuration.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { type GateTally, skipCauseOf, tallyGate } from '../../domain/gate-verdict.ts';
import { parseInstant } from '../../domain/instant.ts';
import { formatPercentage } from '../../domain/percentage.ts';
import { isLook, stageOf } from '../../domain/plan.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import { countWords } from '../outcome-words.ts';
import { plural } from '../plural.ts';
import { errorsOf, type ReportView } from '../render-report.ts';
import { paint, type Tone } from '../style.ts';
import { printable, renderTable } from '../table.ts';

/** As many of a unit's last lines are shown. */
const LAST_LINES = 10;

export function renderGate(report: Report, gate: Pick<GateConfig, 'criticalAbove'>, out: ReportView): string {
  const tally = tallyGate(report.steps, gate.criticalAbove);
  return [
    stageLines(report, out),
    ...errorsOf(report, out, LAST_LINES),
    '\n',
    ...verdictLines(report, tally, gate, out),
  ].join('');
}

/** `✓ ZFS replication  7 of 7 succeeded  1m12s` */
function stageLines({ steps }: Report, out: ReportView): string {
  const stages = Map.groupBy(
    steps.filter((step) => !isLook(step)),
    stageOf,
  );
  const rows = [...stages].map(([name, members]) => {
    const bad = members.some(({ outcome }) => outcome !== 'succeeded' && outcome !== 'skipped');
    const undone = members.some((step) => ['running', 'condition'].includes(skipCauseOf(step) ?? ''));
    const [mark, tone]: [string, Tone] = bad ? ['✗', 'bad'] : undone ? ['!', 'warn'] : ['✓', 'good'];
    return [paint(out, tone, mark), name, countWords(members.map(weighed)), tookOf(members)];
  });
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '', align: 'right' as const }];
  const warnings = steps.flatMap((step) => step.warnings.map((text) => `  ${step.title}: ${printable(text)}\n`));
  return renderTable(columns, rows) + warnings.join('');
}

/** Also what only warns is counted in the line of its own stage. */
const weighed = (step: StepReport): StepReport => ({ ...step, weight: 'counted' });

function tookOf(members: readonly StepReport[]): string {
  const times = (key: 'startedAt' | 'endedAt'): number[] =>
    members.flatMap((step) => (step.startedAt === null ? [] : (parseInstant(step[key] ?? '') ?? [])));
  const [begins, ends] = [times('startedAt'), times('endedAt')];
  if (begins.length === 0 || ends.length === 0) return '';
  return describeDuration(duration(Math.max(...ends) - Math.min(...begins), 'ms'));
}

type Level = 'INFO' | 'WARN' | 'ERROR';
const TONES: Readonly<Record<Level, Tone>> = { INFO: 'plain', WARN: 'warn', ERROR: 'bad' };

function verdictLines(
  report: Report,
  tally: GateTally,
  { criticalAbove }: Pick<GateConfig, 'criticalAbove'>,
  out: ReportView,
): string[] {
  const say = (level: Level, text: string): string => `${paint(out, TONES[level], `[${level}]`)} ${text}\n`;
  const list = (level: Level, title: string, steps: readonly StepReport[], tell: (step: StepReport) => string): string[] =>
    steps.length === 0 ? [] : [say(level, title), ...steps.map((step) => say(level, `  - ${printable(tell(step))}`))];
  const count = (title: string, steps: readonly StepReport[]): string[] =>
    steps.length === 0 ? [] : [say('INFO', `${title}: ${steps.length}`)];
  const withCause = (step: StepReport): string => `${nameOf(step)}: ${causeOf(step)}`;
  const { skipped } = tally;
  return [
    say('INFO', `Total services: ${tally.total}`),
    say('INFO', `Successful: ${tally.successful}`),
    ...count('Partial', tally.partial),
    say('INFO', `Failed: ${tally.failed.length}`),
    say('INFO', `Timed out: ${tally.timedOut.length}`),
    ...count('Interrupted', tally.interrupted),
    ...count('Not started', tally.blocked),
    say('INFO', `Skipped (already running): ${skipped.running.length}`),
    ...count('Skipped (condition not met)', skipped.condition),
    ...count('Skipped (fresh)', skipped.fresh),
    ...list('ERROR', 'Preflight failed:', tally.preflight, (step) => `${step.title}: ${step.reason ?? step.outcome}`),
    ...list('ERROR', 'Failed services:', tally.failed, withCause),
    ...list('ERROR', 'Timed out services:', tally.timedOut, nameOf),
    ...list('ERROR', 'Not started services:', tally.preflight.length > 0 ? [] : tally.blocked, withCause),
    ...list('ERROR', 'Interrupted services:', tally.interrupted, withCause),
    ...list('WARN', 'Partial services:', tally.partial, withCause),
    ...list('WARN', 'Already running:', skipped.running, nameOf),
    ...list('WARN', 'Not backed up (condition not met):', skipped.condition, withCause),
    ...list('WARN', 'Only warned about:', tally.warnedAbout, withCause),
    ...answer(report, tally, formatPercentage(criticalAbove)).map(([level, text]) => say(level, text)),
  ];
}

function answer({ exitCode, outcome }: Report, tally: GateTally, limit: string): [Level, string][] {
  const { skipped } = tally;
  const share = `${percentOf(tally)} of backups did not complete successfully`;
  if (outcome === 'interrupted') return [['ERROR', `Interrupted (exit code ${exitCode}): do not deploy`]];
  switch (tally.answer) {
    case 'preflight-failed':
      return [['ERROR', 'Nothing was started: do not deploy']];
    case 'critical-failed':
      return [['ERROR', 'A critical step did not succeed: do not deploy']];
    case 'nothing-done':
      return [['ERROR', 'Nothing was backed up: do not deploy']];
    case 'too-many-failed':
      return [
        ['ERROR', `Critical failure: ${share}`],
        ['ERROR', `More than ${limit} is not acceptable: do not deploy`],
      ];
    case 'acceptable':
      return [
        [
          'WARN',
          `Partial failure: ${tally.unsuccessful > 0 ? share : `${plural(skipped.condition.length, 'backup')} did not run`}`,
        ],
        ['WARN', 'This is within acceptable threshold for deployment'],
      ];
    case 'safe':
      return [
        ['INFO', `${skipped.running.length > 0 ? 'Every backup that was started' : 'All backups'} completed successfully`],
        ['INFO', 'Safe to deploy'],
      ];
    default:
      return tally.answer satisfies never;
  }
}

/** Whole percents, and never 0% of something. */
function percentOf({ unsuccessful, due }: GateTally): string {
  const percent = due === 0 ? 0 : (unsuccessful / due) * 100;
  return percent > 0 && percent < 1 ? 'less than 1%' : `${Math.round(percent)}%`;
}

/** A unit by its name, a job as people write it, anything else by its title. */
const nameOf = ({ id, title }: StepReport): string => /^(?:unit|backup):(.+)$/.exec(id)?.[1] ?? title;

/** Of a unit systemd's own word; what it said stands above. */
function causeOf({ id, reason, error, outcome }: StepReport): string {
  if (outcome === 'blocked') return reason ?? outcome; // it names what was in the way
  const cause = error?.message ?? reason ?? outcome;
  return id.startsWith('unit:') && error ? (cause.split(': ')[0] ?? cause) : cause;
}
