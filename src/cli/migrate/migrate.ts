// What `holdfast migrate` does: there, back, or for good.

import type { Duration } from '../../domain/duration.ts';
import { usage } from '../ad-hoc.ts';
import type { CliContext } from '../context.ts';
import { executeObserving } from '../execute-observing.ts';

export interface MigrateOptions {
  readonly rollback?: true | undefined;
  readonly cleanUp?: true | undefined;
  readonly repository?: string | undefined;
  readonly backup: boolean;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export async function migrate(cli: CliContext, service: string, options: MigrateOptions): Promise<void> {
  const { rollback, cleanUp, repository, backup, dryRun, wait } = options;
  if (rollback && cleanUp)
    throw usage(
      '--rollback and --clean-up exclude each other',
      'One ends it on the old directory, the other on the dataset.',
    );
  if ((rollback || cleanUp) && (repository !== undefined || !backup))
    throw usage('nothing is backed up before that', 'Leave --repository and --no-backup out.');
  const configuration = await cli.configuration();
  const { moverOf, planCleanUp, planMigrate, planRollback } = await import('../../engine/migrate/plan-migrate.ts');
  const { recoverFromCrash } = await import('../../engine/runner/crash-recovery.ts');
  const { EFFECT_KINDS } = await import('../../engine/effect-kinds.ts');
  const { renderMigrate } = await import('./render-migrate.ts');
  moverOf(configuration, service); // a typo is told before anything is opened
  await executeObserving(
    cli,
    configuration,
    async (toolbox, world) => {
      // What an earlier one left half done is settled before it is looked at: it would stand in its own way.
      const notes = dryRun
        ? []
        : await recoverFromCrash({ ...world, journal: toolbox.journal, clock: cli.clock, kinds: EFFECT_KINDS });
      try {
        const plan = rollback
          ? await planRollback(configuration, service, world.signal)
          : cleanUp
            ? await planCleanUp(configuration, service, world)
            : await planMigrate(configuration, { service, repository, backup }, toolbox, world);
        return { ...plan, warnings: [...notes, ...(plan.warnings ?? [])] }; // on record, as those of any other start
      } catch (error) {
        for (const note of notes) cli.warn(note); // there will be no report to say it
        throw error;
      }
    },
    { dryRun, wait, render: (report) => renderMigrate(report, cli.out) },
  );
}
