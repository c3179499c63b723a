// A migration for people: before, what would be done in its order; after, where the old data is and how to go back.

import type { Report, StepReport } from '../../domain/report.ts';
import { stepId } from '../../domain/naming.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { columnsOf, renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';

export function renderMigrate(report: Report, out: ReportView): string {
  const own = report.steps.find(({ id, service }) => service !== null && id === stepId.migrate(service));
  if (report.dryRun) return `${report.steps.map((step) => blockOf(step, out)).join('\n')}\nNothing was changed.\n`;
  const after = own?.outcome === 'succeeded' && own.result ? wordsAfter(own.result) : [];
  return [renderReport(report, out), ...after.map((text) => `${wrapped(text, out, '').join('\n')}\n`)].join(
    after.length > 0 ? '\n' : '',
  );
}

function blockOf({ title, stage, result }: StepReport, out: ReportView): string {
  const actions = result?.['actions'];
  const lines = Array.isArray(actions) ? actions.flatMap((action) => wrapped(String(action), out, '  ')) : [];
  const head = stage === 'preflight' ? paint(out, 'dim', printable(title)) : paint(out, 'strong', printable(title));
  return [head, ...lines].join('\n');
}

/** Of a step that succeeded. */
function wordsAfter(result: JsonObject): string[] {
  const [service, dataset, oldAt, until, keptAt, removed] = [
    'service',
    'dataset',
    'oldAt',
    'keptUntil',
    'keptAt',
    'removed',
  ].map((key) => textAt(result, key));
  if (oldAt)
    return [
      `${service} runs on ${dataset}. Its old directory is kept at ${oldAt}.`,
      `Back to it: holdfast migrate ${service} --rollback. Remove it, from ${until} on: holdfast migrate ${service} --clean-up`,
    ];
  if (keptAt)
    return [
      `${service} is on its old directory again. ${dataset} is kept, not mounted; zfs mount ${dataset} shows it at ${keptAt}.`,
    ];
  return removed ? [`${removed} is gone: ${service} is on ${dataset} for good.`] : [];
}

const wrapped = (text: string, out: ReportView, first: string): string[] => wrapText(printable(text), columnsOf(out), first);
