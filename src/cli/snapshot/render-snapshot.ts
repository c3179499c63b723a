// What became of snapshots, for people: how many in each pool; of a plan, and with --verbose, each of them with the reason.

import type { Report } from '../../domain/report.ts';
import type { PruneEntry } from '../../domain/snapshot-prune.ts';
import type { PruneDecision } from '../../engine/snapshot-policy/plan-prune.ts';
import { textAt } from '../../lib/json.ts';
import { plural } from '../plural.ts';
import { columnsOf, renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';

export function renderTake(report: Report, out: ReportView): string {
  const due = namesIn(report, 'due');
  if (report.dryRun) {
    const lines = due.map((name) => `  ${printable(name)}`);
    const verdict = due.length === 0 ? 'No snapshot is due.' : `${plural(due.length, 'snapshot')} due.`;
    return `${[...lines, ...missingLines(report, out)].map((line) => `${line}\n`).join('')}${verdict} Nothing was changed.\n`;
  }
  const taken = namesIn(report, 'taken');
  const proof = taken.length === 0 ? '' : ', proven by a listing';
  return `${renderReport(report, out).trimEnd()}\n${plural(taken.length, 'snapshot')} taken${proof}.\n`;
}

export function renderPrune(report: Report, decisions: readonly PruneDecision[], out: ReportView, verbose: boolean): string {
  const blocks = decisions.flatMap((decision) => blockOf(decision, report.dryRun, verbose, out));
  if (report.dryRun) {
    const going = decisions.flatMap(({ entries }) => entries.filter(({ stays }) => stays === null)).length;
    const all = decisions.flatMap(({ entries }) => entries).length;
    const verdict = `${going} of ${plural(all, 'snapshot')} of the policy would go. Nothing was changed.`;
    return `${[...blocks, ...missingLines(report, out), verdict].join('\n')}\n`;
  }
  const destroyed = namesIn(report, 'destroyed').length;
  const shown = blocks.length > 0 ? `${blocks.join('\n')}\n` : '';
  return `${shown}${renderReport(report, out).trimEnd()}\n${plural(destroyed, 'snapshot')} destroyed.\n`;
}

/** What goes is told beforehand, what stays although no policy keeps it always, and all the rest when asked for. */
function blockOf({ dataset, entries }: PruneDecision, dryRun: boolean, verbose: boolean, out: ReportView): string[] {
  const shown = entries.filter(({ stays }) => {
    if (stays === null) return dryRun || verbose;
    return verbose || (stays !== 'counted' && stays !== 'young');
  });
  if (shown.length === 0) return [];
  const going = entries.filter(({ stays }) => stays === null).length;
  const heading = `${printable(dataset)}: ${entries.length - going} of ${entries.length} stay`;
  return [paint(out, 'strong', heading), ...shown.flatMap((entry) => lineOf(entry, out))];
}

function lineOf({ snapshot, stays, reason }: PruneEntry, out: ReportView): string[] {
  const verb = stays === null ? 'goes' : 'stays';
  const lines = wrapText(`${printable(snapshot.name)}  ${verb}: ${reason}`, columnsOf(out), '  ', '      ');
  return lines.map((line) =>
    line.replace(/ {2}(goes|stays):/, (_, word: string) => `  ${paint(out, stays === null ? 'bad' : 'good', word)}:`),
  );
}

/** A dry run plans them; what they would fail with is known already. */
const missingLines = (report: Report, out: ReportView): string[] =>
  report.steps.flatMap(({ result }) => {
    const bad = paint(out, 'bad', '✗');
    if (result?.['missing'] === true)
      return [`${bad} ${printable(textAt(result, 'dataset'))} has a snapshot policy and does not exist`];
    if (typeof result?.['silent'] === 'string')
      return [`${bad} ${printable(textAt(result, 'pool'))} could not be asked: ${printable(result['silent'])}`];
    return [];
  });

function namesIn({ steps }: Report, key: string): string[] {
  return steps.flatMap(({ result }) => {
    const names = result?.[key];
    return Array.isArray(names) ? names.map(String) : [];
  });
}
