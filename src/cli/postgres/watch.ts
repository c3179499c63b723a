// holdfast postgres watch.

import type { CliContext } from '../context.ts';
import { execute, type ExecuteOptions } from '../execute.ts';
import { selectServers } from './select-servers.ts';

export async function watch(cli: CliContext, names: readonly string[], options: ExecuteOptions): Promise<void> {
  const configuration = await cli.configuration();
  const { planWatch } = await import('../../engine/postgres/watch-archive.ts');
  const servers = await selectServers(configuration, names);
  const { renderWatch } = await import('../render-watch.ts');
  await execute(cli, configuration, ({ journal }) => planWatch(configuration.host, servers, journal), {
    ...options,
    render: (report) => renderWatch(report, cli.out, cli.clock.now()),
  });
}
