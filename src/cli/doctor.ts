// holdfast doctor: everything that a run needs, looked at before it is needed.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';

export const doctorCommand: CommandFactory = (context) =>
  new Command('doctor')
    .description('check everything that a run needs; exit 1 with warnings, 2 with problems')
    .action(async () => {
      const cli = context();
      const configuration = await cli.configuration();
      const { examine } = await import('../engine/doctor.ts');
      const { renderDoctor } = await import('./render-doctor.ts');
      const { toolboxFor } = await import('../engine/toolbox.ts');
      const { openTransientJournal } = await import('../journal/open-journal.ts');
      using nothing = openTransientJournal(); // the real one is looked at without being touched
      const { restic, user } = toolboxFor(configuration, nothing);
      const report = await examine({ config: configuration, clock: cli.clock, restic, user }, cli.signal);
      cli.result(renderDoctor(report, cli.out), report);
      cli.exitCode = report.exitCode;
    });
