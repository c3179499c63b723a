// holdfast units check: what keeps jobs from running as configured; exit 1 with warnings, 2 with problems.

import { join } from 'node:path';
import { EXIT } from '../../domain/exit-code.ts';
import type { UnitFinding } from '../../engine/units/check-units.ts';
import type { Journal } from '../../journal/journal.ts';
import type { CliContext, Output } from '../context.ts';
import { plural } from '../plural.ts';
import { readJournal } from '../read-journal.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';
import { UNIT_DIRECTORY, unitScene } from './scene.ts';

export async function check(cli: CliContext, options: { readonly program?: string | undefined }): Promise<void> {
  const scene = await unitScene(cli, options.program);
  const { unitSet } = await import('../../engine/units/unit-set.ts');
  const { checkUnits } = await import('../../engine/units/check-units.ts');
  const { observeHost } = await import('../../engine/units/observe-host.ts');
  const { requireCalendars } = await import('../../engine/units/require-calendars.ts');
  await requireCalendars(scene.configuration, cli.signal);
  const set = unitSet(scene);
  using journal = await recordOrNone(cli, scene.configuration.stateDir);
  const seen = await observeHost(scene, set, UNIT_DIRECTORY, journal, cli.signal);
  if (seen.active === null) cli.warn('systemd does not run here: nothing is known of what is active');
  const findings = checkUnits(scene, set, seen);
  cli.exitCode = findings.some(({ severity }) => severity === 'problem')
    ? EXIT.failed
    : findings.length > 0
      ? EXIT.partial
      : EXIT.ok;
  const human = cli.options.quiet && findings.length === 0 ? '' : render(findings, set.files.size, cli.out);
  cli.result(human, {
    schemaVersion: 1,
    kind: 'units-check',
    host: scene.configuration.host,
    exitCode: cli.exitCode,
    units: set.files.size,
    findings,
  });
}

/** Null where this user may not look into it. */
async function recordOrNone(cli: CliContext, stateDir: string): Promise<Journal | null> {
  try {
    return await readJournal(cli, stateDir);
  } catch (error) {
    const { obstacle } = await import('../../journal/journal-failure.ts');
    if (process.geteuid?.() === 0 || obstacle(join(stateDir, 'journal.db')) === null) throw error;
    return null;
  }
}

const MARKS = { problem: { mark: '✗', tone: 'bad' }, warning: { mark: '!', tone: 'warn' } } as const;
const WIDEST = 120;
const MOST = 10;

/** What is the same of many units is told once. */
function render(findings: readonly UnitFinding[], count: number, out: Pick<Output, 'colors' | 'columns'>): string {
  const columns = Math.min(out.columns, WIDEST);
  const groups = Map.groupBy(findings, ({ kind, message, hint }) => `${kind} ${message} ${hint}`);
  const lines = [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const { mark, tone } = MARKS[first.severity];
    const names = same.slice(0, same.length > MOST ? MOST - 1 : MOST).map(({ subject }) => printable(subject));
    const more = same.length > MOST ? ` and ${same.length - MOST + 1} more` : '';
    const [head = '', ...rest] = wrapText(`${names.join(', ')}${more}: ${printable(first.message)}`, columns, `${mark} `);
    const hint = wrapText(printable(first.hint), columns, '  → ');
    return [paint(out, tone, head.slice(0, 1)) + head.slice(1), ...rest, ...hint.map((line) => paint(out, 'dim', line))];
  });
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  const warnings = findings.length - problems;
  const verdict =
    findings.length === 0
      ? paint(out, 'good', 'all are as configured')
      : [
          ...(problems > 0 ? [paint(out, 'bad', plural(problems, 'problem'))] : []),
          ...(warnings > 0 ? [paint(out, 'warn', plural(warnings, 'warning'))] : []),
        ].join(', ');
  return `${[...lines, ...(lines.length > 0 ? [''] : []), `${plural(count, 'unit')}: ${verdict}`].join('\n')}\n`;
}
