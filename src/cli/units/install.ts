// holdfast units write and install: the files of systemd are made as the configuration asks for, and nothing else is touched.

import { resolve } from 'node:path';
import type { Plan } from '../../domain/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitSet } from '../../engine/units/scene.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';
import { readJournal } from '../read-journal.ts';
import { stateOrNone } from '../state-or-none.ts';
import { UNIT_DIRECTORY, unitScene } from './scene.ts';

interface Options {
  readonly dir?: string | undefined;
  readonly force?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly program?: string | undefined;
}

export async function write(cli: CliContext, options: Options): Promise<void> {
  const set = await wanted(cli, options);
  const { dir } = options;
  if (dir === undefined) {
    show(cli, set);
    return;
  }
  const { planUnits } = await import('../../engine/units/plan-units.ts');
  const wish = { directory: resolve(dir), force: options.force === true };
  const own = await cli.configuration(); // the run is this user's, also where the units are to be root's
  await using place = options.dryRun ? null : await stateOrNone(cli, own.stateDir);
  const { host } = own;
  const stateDir = place?.stateDir ?? own.stateDir;
  await perform(place?.context ?? cli, { host, stateDir }, set, options, async () =>
    planUnits(host, set, await changes(set, wish.directory), null, wish),
  );
  if (place) cli.exitCode = place.context.exitCode;
}

export async function install(cli: CliContext, options: Options): Promise<void> {
  const set = await wanted(cli, options);
  const { host, stateDir } = await cli.configuration();
  const { planUnits } = await import('../../engine/units/plan-units.ts');
  const { managerForUnits, observeSystemd } = await import('../../engine/units/observe-systemd.ts');
  const wish = { directory: UNIT_DIRECTORY, force: options.force === true };
  using past = options.dryRun ? await readJournal(cli, stateDir) : null;
  await using manager = await managerForUnits(cli.signal);
  await perform(cli, { host, stateDir }, set, options, async (journal) =>
    planUnits(
      host,
      set,
      await changes(set, wish.directory),
      await observeSystemd(manager, wish.directory, past ?? journal),
      wish,
    ),
  );
}

async function wanted(cli: CliContext, options: Options): Promise<UnitSet> {
  const scene = await unitScene(cli, options.program);
  const { unitSet } = await import('../../engine/units/unit-set.ts');
  const { requireCalendars } = await import('../../engine/units/require-calendars.ts');
  await requireCalendars(scene.configuration, cli.signal);
  return unitSet(scene);
}

async function changes(set: UnitSet, directory: string) {
  const { observeUnits } = await import('../../engine/units/observe-units.ts');
  const { differences } = await import('../../engine/units/differences.ts');
  return differences(set, await observeUnits(directory));
}

async function perform(
  cli: CliContext,
  place: { readonly host: string; readonly stateDir: string },
  set: UnitSet,
  options: Options,
  build: (journal: Journal) => Promise<Plan>,
): Promise<void> {
  const { renderUnits } = await import('./render-units.ts');
  await execute(cli, place, (toolbox) => build(toolbox.journal), {
    dryRun: options.dryRun,
    render: (report) => renderUnits(report, set.files.size, cli.out),
  });
}

/** As `systemctl cat` shows them. */
function show(cli: CliContext, { files, links }: UnitSet): void {
  const texts = [...files].map(([path, text]) => `# ${UNIT_DIRECTORY}/${path}\n${text}`);
  cli.result(texts.join('\n'), {
    schemaVersion: 1,
    kind: 'units',
    directory: UNIT_DIRECTORY,
    files: Object.fromEntries(files),
    links: Object.fromEntries(links),
  });
}
