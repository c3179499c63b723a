// Drills for people: for each what came back, how it was proven and how long it takes; then the ordinary report.

import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, duration } from '../domain/duration.ts';
import { jobName, shownId } from '../domain/naming.ts';
import type { Report, StepReport } from '../domain/report.ts';
import { type Json, type JsonObject, textAt } from '../lib/json.ts';
import { plural } from './plural.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { paint } from './style.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

export function renderDrill(report: Report, out: ReportView): string {
  const drills = report.steps.flatMap((step) => linesOf(step, out));
  return [...drills, ...(drills.length > 0 ? ['\n'] : []), renderReport(report, out)].join('');
}

/** None where nothing came of it: the report tells why. */
function linesOf({ result, service, repository }: StepReport, out: ReportView): string[] {
  if (!result || typeof result['snapshotId'] !== 'string') return [];
  const job = paint(out, 'strong', jobName(service ?? '', repository ?? ''));
  const id = result['snapshotId'];
  const which = `${shownId(id)} of ${textAt(result, 'snapshotTime')}, the ${textAt(result, 'pick')}`;
  const lines: [label: string, text: string][] = [
    ['restored', restoredOf(result)],
    ['proven', provenOf(result)],
    ['time', timeOf(result)],
  ];
  const columns = columnsOf(out);
  return [
    `${job}  ${which}\n`,
    ...lines.map(([label, text]) => `${wrapText(printable(text), columns, `  ${label.padEnd(10)}`).join('\n')}\n`),
  ];
}

/** A PostgreSQL server: a backup, and the log after it. */
const isServer = (result: JsonObject): boolean => 'recoveryPoint' in result;

function restoredOf(result: JsonObject): string {
  if (isServer(result)) {
    const last = textAt(result, 'recoveryPoint');
    const size = describeBytes(numberAt(result, 'bytes') as Bytes); // as the step wrote it
    const log = plural(numberAt(result, 'files'), 'file');
    return `${size}, and ${log} of the log${last === '' ? '' : `; the last transaction was committed ${last}`}`;
  }
  const rate = describeBytes(numberAt(result, 'bytesPerSecond') as Bytes); // as the step wrote it
  const what = `${amountOf(result)}, ${rate}/s`;
  return result['extrapolated'] === true
    ? `a sample: ${what}; of ${amountOf(objectAt(result, 'of') ?? {})}`
    : `all of it: ${what}`;
}

const amountOf = (amount: JsonObject): string =>
  `${plural(numberAt(amount, 'files'), 'file')}, ${describeBytes(numberAt(amount, 'bytes') as Bytes)}`; // as the step wrote it

function provenOf(result: JsonObject): string {
  if (isServer(result)) {
    const read = Array.isArray(result['read']) ? result['read'].map(String) : [];
    const content = `${read.length === 0 ? 'nothing was' : `all ${read.join(', ')} were`} read; the archive is as it was`;
    return [content, ...listAt(result, 'validators').map(validationOf)].join('; ');
  }
  const compared = objectAt(result, 'compared');
  const files = compared === null ? 0 : numberAt(compared, 'files');
  const content =
    compared !== null && files > 0
      ? `${plural(files, 'file')} ${files === 1 ? 'is' : 'are'} the same in ${textAt(compared, 'with')} (${textAt(compared, 'snapshotId').slice(0, 8)})`
      : 'read back and compared with the checksums of the repository; not held against a second copy';
  return [content, ...listAt(result, 'validators').map(validationOf)].join('; ');
}

const validationOf = (validation: JsonObject): string => {
  const name = `${textAt(validation, 'type')} ${textAt(validation, 'subject')}`;
  const message = textAt(validation, 'message');
  if (validation['ok'] === true) return `${name} is good${message === '' ? '' : ` (${message})`}`;
  return `${name} was NOT proven${message === '' ? '' : ` (${message})`}`;
};

function timeOf(result: JsonObject): string {
  const takes = secondsAt(result, 'rtoSeconds') ?? 'unknown';
  const promised = secondsAt(result, 'promisedSeconds');
  const whole = result['extrapolated'] === true ? `about ${takes} for all of it, extrapolated` : takes;
  return `${whole}${promised === null ? '; nothing is promised' : `; promised are ${promised}`}`;
}

const secondsAt = (object: JsonObject, key: string): string | null => {
  const value = object[key];
  return typeof value === 'number' ? describeDuration(duration(value, 's')) : null;
};

const numberAt = (object: JsonObject, key: string): number => Number(object[key] ?? 0);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectAt = (object: JsonObject, key: string): JsonObject | null => {
  const value = object[key];
  return isObject(value) ? value : null;
};

const listAt = (object: JsonObject, key: string): JsonObject[] => {
  const value = object[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
};
