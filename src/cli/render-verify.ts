// A verification for people: the ordinary report, then for each repository what was read, since when all of it has been, and
// down to the paths what damage touches.

import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Flaw, Verification } from '../domain/verification.ts';
import type { Touched } from '../engine/verify/attribution.ts';
import { localMinute } from '../domain/local-time.ts';
import { plural } from './plural.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { paint } from './style.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

/** As the steps write it: engine/verify/findings.ts. */
type Result = Verification & {
  readonly repository: string;
  readonly allReadSince: string | null;
  readonly filesRead?: number;
  readonly touched: readonly Touched[];
};

const MOST_GROUPS = 8;
const MOST_SNAPSHOTS = 3;
const MOST_PATHS = 5;
const MOST_FLAWS = 8;

export function renderVerify(report: Report, out: ReportView, now: Instant): string {
  const results = report.steps.flatMap((step) => resultOf(step) ?? []);
  const byRepository = Map.groupBy(results, ({ repository }) => repository);
  const sections = [...byRepository].map(([repository, mine]) => {
    const lines = [...mine.map((result) => readLine(result, now)), ...damageLines(mine, out)];
    const text = lines.flatMap(([label, words]) =>
      wrapText(words, columnsOf(out), `  ${label.padEnd(LABEL)}`, ' '.repeat(LABEL + 2)),
    );
    return [`\n${paint(out, 'strong', printable(repository))}`, ...text, ''].join('\n');
  });
  return renderReport(report, out) + sections.join('');
}

const LABEL = 11;

const resultOf = ({ result }: StepReport): Result | null =>
  result && (result['how'] === 'names' || result['how'] === 'check') ? (result as Result) : null; // its own steps wrote it

type Line = readonly [label: string, text: string];

function readLine(result: Result, now: Instant): Line {
  const [label, what] = result.how === 'names' ? ['files', filesOf(result)] : ['structure', structureOf(result)];
  return [label, [what, sinceOf(result, now)].filter(Boolean).join('; ')];
}

/** What several looks found is told once. */
function damageLines(results: readonly Result[], out: ReportView): Line[] {
  const flaws = [...new Map(results.flatMap((each) => each.flaws).map((flaw) => [flaw.item, flaw])).values()];
  const touched = unique(results.flatMap((each) => each.touched));
  // an unchanged file lies in one snapshot after the other
  const alike = [...Map.groupBy(touched, (each) => JSON.stringify([each.service, each.host, each.paths])).values()];
  const gone = new Set(results.flatMap((each) => each.gone)).size;
  return [
    ...flaws.slice(0, MOST_FLAWS).map((flaw, index): Line => [index === 0 ? 'DAMAGE' : '', describeFlaw(flaw, out)]),
    ...more(flaws.length, MOST_FLAWS, 'file'),
    ...(gone > 0
      ? [['repaired', `${plural(gone, 'damaged file')} of earlier times ${gone === 1 ? 'is' : 'are'} gone`] as const]
      : []),
    ...alike.slice(0, MOST_GROUPS).flatMap((group, index) => touchedLines(group, index === 0 ? 'touched' : '')),
    ...more(alike.slice(MOST_GROUPS).flat().length, 0, 'snapshot'),
  ];
}

const unique = (touched: readonly Touched[]): Touched[] => [
  ...new Map(touched.map((each) => [JSON.stringify([each.service, each.snapshotId, each.items]), each])).values(),
];

const more = (count: number, shown: number, thing: string): Line[] =>
  count > shown ? [['', `and ${plural(count - shown, thing)} more (all of them: --json)`]] : [];

function filesOf({ slice, bytesRead, filesRead = 0, flaws }: Result): string {
  const part = slice === null || slice.of === 1 ? 'all' : `part ${slice.index} of ${slice.of}`;
  const size = describeBytes((bytesRead ?? 0) as Bytes); // as the step counted
  return `${part}: ${plural(filesRead, 'file')}, ${size}${flaws.length === 0 ? ', each has the SHA-256 that is its name' : ''}`;
}

function structureOf({ slice, flaws }: Result): string {
  const data =
    slice === null
      ? 'no data decrypted'
      : slice.of === 1
        ? 'all data decrypted'
        : `data part ${slice.index} of ${slice.of} decrypted`;
  return `${flaws.length === 0 ? 'index, snapshots and directories are whole' : 'index, snapshots and directories'}; ${data}`;
}

function sinceOf({ slice, allReadSince }: Result, now: Instant): string {
  const at = allReadSince === null ? null : parseInstant(allReadSince);
  if (slice === null || (slice.of === 1 && at !== null)) return '';
  return at === null
    ? 'not all of it has been read yet'
    : `everything older than ${describeDuration(elapsed(at, now))} has been read`;
}

const describeFlaw = ({ item, problem }: Flaw, out: ReportView): string =>
  `${paint(out, 'bad', problem)} ${item === 'structure' ? 'something that snapshots refer to' : item}`;

/** Snapshots in which the same is lost. */
function touchedLines(group: readonly Touched[], label: string): Line[] {
  const [first] = group;
  if (first === undefined) return [];
  const { service, host, paths, pathCount } = first;
  const owner = printable(service ?? (host === null ? 'a snapshot of nobody known' : `another snapshot, of ${host}`));
  if (group.some(({ snapshotId }) => snapshotId === '')) return [[label, `${owner}: perhaps all snapshots`]];
  const snapshots = group.slice(0, MOST_SNAPSHOTS).map(({ snapshotId, time }) => {
    const at = time === null ? null : parseInstant(time);
    return `${snapshotId.slice(0, 8)}${at === null ? '' : ` of ${localMinute(at)}`}`;
  });
  const others = group.length > snapshots.length ? [plural(group.length - snapshots.length, 'more snapshot')] : [];
  const named = paths.slice(0, MOST_PATHS).map((path): Line => ['', `  ${printable(path)}`]);
  const count = pathCount === null ? 'perhaps all paths' : plural(pathCount, 'path');
  const rest =
    pathCount !== null && pathCount > named.length ? [['', `  and ${pathCount - named.length} more`] as const] : [];
  return [[label, `${owner}: ${[...snapshots, ...others].join(', ')}: ${count}`], ...named, ...rest];
}
