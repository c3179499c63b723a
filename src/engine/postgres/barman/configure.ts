// What `holdfast postgres configure` does for a server that barman-cloud keeps: nothing has to be written for it. The place is looked at
// before the server is told to archive there, and then that it does is tried.

import { stepId } from '../../../domain/naming.ts';
import type { Step } from '../../../domain/plan.ts';
import type { Journal } from '../../../journal/journal.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { placeName } from '../../../tools/barman-cloud/place.ts';
import { barmanVersion } from '../../../tools/barman-cloud/version.ts';
import type { EngineService } from '../access.ts';
import { askServer } from '../server.ts';
import { barmanConfig, barmanOf } from './access.ts';
import { barmanEngine } from './engine.ts';
import { archivingNeeds, requireArchiving, requireOwnPlace } from './gate.ts';
import { configuring } from '../configuring.ts';
import { openPlace } from './open-place.ts';

export async function configureSteps(
  server: EngineService,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<Step[]> {
  const { service } = server;
  const where = placeName(barmanConfig(server));
  const id = (what: string): string => stepId.server(what, service.name);
  const common = configuring(server);
  const place = await linesOf(() => lookAtPlace(server, journal, signal), signal);
  const settings = await linesOf(async () => {
    const { statements, restart } = archivingNeeds(server, await askServer(server, signal));
    return [...statements, ...(restart ? ['(holds after a restart)'] : [])];
  }, signal);
  return [
    {
      ...common,
      id: id('place'),
      title: `See that ${where} is this server's, or nobody's`,
      foreseen: { lines: place.lines },
      doomed: place.failed,
      run: async (context) => ({
        outcome: 'succeeded',
        result: { lines: await lookAtPlace(server, journal, context.signal) },
      }),
    },
    {
      ...common,
      id: id('server'),
      title: `Look at the settings of the server of ${service.name}`,
      // before its log would come among that of another nobody is told how to send it there
      foreseen: { lines: place.failed ? ['(when the place is its own)'] : settings.lines },
      doomed: settings.failed,
      needs: [id('place')],
      run: async (context) => {
        requireArchiving(server, await askServer(server, context.signal));
        return { outcome: 'succeeded' };
      },
    },
    {
      ...common,
      id: id('check'),
      title: 'Have a file of the log archived',
      needs: [id('server')],
      run: async (context) => {
        await barmanEngine(await barmanOf(server, context.signal), server).check(context.signal);
        return { outcome: 'succeeded' };
      },
    },
  ];
}

async function lookAtPlace(
  server: EngineService,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<string[]> {
  await barmanVersion(signal);
  const access = await barmanOf(server, signal);
  const place = await openPlace(access, signal);
  await requireOwnPlace(server, access, place, await askServer(server, signal), journal, signal);
  return [
    place.whole.length === 0 ? 'it holds no backup yet' : `it holds ${place.whole.length} backups of this very cluster`,
  ];
}

async function linesOf(
  look: () => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly string[]; readonly failed: boolean }> {
  try {
    const lines = await look();
    return { lines: lines.length > 0 ? lines : ['it is set as it has to be'], failed: false };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return { lines: [error.message], failed: true };
  }
}
