// holdfast datasets drift: what differs is told and put on record; the outcome is partial then.

import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';

export async function drift(cli: CliContext, services: readonly string[]): Promise<void> {
  const configuration = await cli.configuration();
  const { datasetScene } = await import('../../engine/datasets/scene.ts');
  const { planDrift } = await import('../../engine/datasets/plan-drift.ts');
  const { renderDrift } = await import('./render-datasets.ts');
  const { declared, decisions, warnings } = await datasetScene(configuration.datasets, services, cli.signal);
  await execute(cli, configuration, () => planDrift(configuration.host, declared, decisions, warnings), {
    render: (report) => renderDrift(report, cli.out),
  });
}
