// A host with a service whose server barman-cloud backs up, and one run after the other of it.

import type { TestContext } from 'node:test';
import type { StepReport } from '../../src/domain/report.ts';
import { BarmanScene } from './barman-server.ts';
import { ScratchHost, type Section, stepOf } from './cli.ts';

export interface BarmanRuns {
  readonly host: ScratchHost;
  readonly scene: BarmanScene;
  readonly run: (...args: string[]) => Promise<{ readonly code: number | null; readonly step: StepReport }>;
}

export async function barmanRuns(
  t: TestContext,
  options: { quiet?: boolean } = {},
  barman: Section = {},
): Promise<BarmanRuns> {
  const held = new AsyncDisposableStack();
  t.after(() => held.disposeAsync());
  const host = held.use(new ScratchHost());
  const scene = held.use(await BarmanScene.start(host, options));
  host.services['db'] = { postgres: scene.section(barman) };
  const run = async (...args: string[]): ReturnType<BarmanRuns['run']> => {
    const { code, report } = await host.backUp(['db', ...args]);
    return { code, step: stepOf(report, 'backup:db@repo1') };
  };
  return { host, scene, run };
}
