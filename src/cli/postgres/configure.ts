// holdfast postgres configure.

import type { Report } from '../../domain/report.ts';
import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { selectServers } from './select-servers.ts';

export async function configure(cli: CliContext, names: readonly string[], options: ExecuteOptions): Promise<void> {
  const configuration = await cli.configuration();
  const { planConfigure } = await import('../../engine/postgres/plan-configure.ts');
  const servers = await selectServers(configuration, names);
  await execute(cli, configuration, ({ journal }) => planConfigure(configuration.host, servers, journal, cli.signal), {
    ...options,
    render: (report) => renderConfigure(report, cli.out),
  });
}

function renderConfigure(report: Report, out: ReportView): string {
  if (!report.dryRun) return renderReport(report, out);
  const blocks = report.steps.map(({ title, result }) => {
    const lines = result?.['lines'];
    const shown = Array.isArray(lines) ? lines.map((line) => `  ${printable(String(line))}`) : [];
    return [paint(out, 'strong', printable(title)), ...shown].join('\n');
  });
  return `${blocks.join('\n')}\nNothing was changed.\n`;
}
