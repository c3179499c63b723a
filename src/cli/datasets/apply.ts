// holdfast datasets plan and apply: one is the other, dry.

import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';

export async function apply(
  cli: CliContext,
  services: readonly string[],
  { dryRun }: { readonly dryRun?: true | undefined },
): Promise<void> {
  const configuration = await cli.configuration();
  const { datasetScene } = await import('../../engine/datasets/scene.ts');
  const { planDatasets } = await import('../../engine/datasets/plan-datasets.ts');
  const { renderDatasets } = await import('./render-datasets.ts');
  const { layerWarnings } = await import('../../engine/datasets/layer-warnings.ts');
  const scene = await datasetScene(configuration.datasets, services, cli.signal);
  const { declared, decisions } = scene;
  const warnings = [...scene.warnings, ...(dryRun ? await layerWarnings(scene, configuration.services, cli.signal) : [])];
  await execute(cli, configuration, () => planDatasets(configuration.host, configuration.datasets, decisions, warnings), {
    dryRun,
    render: (report) => renderDatasets(report, declared.length, cli.out),
  });
}
