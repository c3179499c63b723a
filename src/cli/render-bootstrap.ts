// A configuration that came back, for people: whose it is, what this machine still lacks, and what to type next.

import type { Report } from '../domain/report.ts';
import { type JsonObject, textAt } from '../lib/json.ts';
import { plural } from './plural.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { shellWord } from '../lib/shell-word.ts';
import { paint } from './style.ts';
import { printable, widthOf } from './table.ts';
import { wrapText } from './wrap.ts';

/** `file`: where it is, unless commands find it by themselves. */
export function renderBootstrap(report: Report, file: string | null, out: ReportView): string {
  const found = report.steps[0]?.result;
  if (!found) return renderReport(report, out);
  const lines = [
    ...facts(found).flatMap(([label, text]) => wrapText(printable(text), columnsOf(out), label.padEnd(LABEL))),
    '',
    ...needLines(found, out),
    'Next:',
    ...nextCommands(file, found['servers']).map((command) => `  ${command}`),
  ];
  return `${renderReport(report, out)}\n${lines.join('\n')}\n`;
}

const LABEL = 15;

function facts(found: JsonObject): (readonly [string, string])[] {
  const { services, repositories } = found;
  const kept = textAt(found, 'kept');
  return [
    [
      'configuration',
      `of ${textAt(found, 'host')}, kept ${textAt(found, 'snapshotTime')} (${textAt(found, 'snapshotId').slice(0, 8)}): ${plural(lengthOf(services), 'service')}, ${plural(lengthOf(repositories), 'repository', 'repositories')}`,
    ],
    ['read from', describeMatch(found)],
    ...(kept === '' ? [] : [['the old one', kept] as const]),
  ];
}

const HOW: Readonly<Record<string, string>> = {
  id: 'the same repository, by its id',
  place: 'at the address that is configured',
  name: 'as it says itself; whether it is the same one could not be asked',
};

function describeMatch(found: JsonObject): string {
  const from = textAt(found, 'from');
  const match = found['repository'] as JsonObject | null; // as the plan wrote it
  if (!match) return `${from}, which is no repository of this configuration: add it there if it shall be used`;
  const name = textAt(match, 'name');
  const base = `${name} (${HOW[textAt(match, 'by')] ?? ''})`;
  if (match['differs'] !== true) return base;
  return `${base}. It is configured as ${textAt(match, 'configured')}, and was reached as ${from}: if that is its address now, change repositories.${name}.url`;
}

const STATES: Readonly<Record<string, string>> = {
  'missing secret': 'is missing: put it there, mode 0600',
  'unreadable secret': 'cannot be read by this user',
  'unknown secret': 'cannot be seen from here',
  'missing mount': 'nothing is mounted there',
  'missing directory': 'does not exist: mount it, or mkdir -p',
  'unknown directory': 'cannot be looked at',
};

function needLines(found: JsonObject, out: ReportView): string[] {
  const needs = (Array.isArray(found['needs']) ? found['needs'] : []) as JsonObject[]; // as the plan wrote them
  if (needs.length === 0) return [];
  const missing = needs.some(({ state }) => state !== 'there');
  return [
    missing ? 'What it needs, before anything works:' : 'All that it needs is there:',
    ...needs.flatMap((need) => needLine(need, out)),
    '',
  ];
}

/** The path is whole, to be copied; what does not fit beside it stands below. */
function needLine(need: JsonObject, out: ReportView): string[] {
  const state = textAt(need, 'state');
  const mark = state === 'there' ? paint(out, 'good', '✓') : state === 'unknown' ? '?' : paint(out, 'bad', '✗');
  const whose = `${need['kind'] === 'directory' ? 'the data of ' : ''}${printable(textAt(need, 'what'))}`;
  const said = [whose, STATES[`${state} ${textAt(need, 'kind')}`]].filter(Boolean).join(': ');
  const head = `${mark}  ${printable(textAt(need, 'at'))}`;
  if (widthOf(head) + 2 + widthOf(said) <= columnsOf(out)) return [`${head}  ${said}`];
  return [head, ...wrapText(said, columnsOf(out), INDENT)];
}

const INDENT = '     ';

/** pgBackRest finds nothing of a server before it has been told where to look. */
const nextCommands = (file: string | null, servers: unknown): string[] => {
  const program = ['holdfast', ...(file === null ? [] : ['--config', shellWord(file)])].join(' ');
  const configured = (Array.isArray(servers) ? servers : []).map((name) => `postgres configure ${shellWord(String(name))}`);
  const commands = ['config check', ...configured, 'doctor', 'recover --all --dry-run', 'recover --all'];
  return commands.map((command) => `${program} ${command}`);
};

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
