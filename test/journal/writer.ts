// A process that writes to a journal: `writer.ts STATE_DIR RUNS` records runs and prints the id of each once it is on disk.

import { formatInstant } from '../../src/domain/instant.ts';
import { plannedStep } from '../../src/domain/report.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { plan, step } from '../support/plans.ts';

const [stateDir = '', count = '1'] = process.argv.slice(2);
const steps = ['a', 'b', 'c'].map((id) => step(id, { service: 'sonarr', repository: 'nas' }));

try {
  using journal = openJournal(stateDir);
  for (let index = 0; index < Number(count); index += 1) {
    const id = `01W${String(process.pid).padStart(8, '0')}${String(index).padStart(15, '0')}`;
    const at = systemClock.now();
    journal.openRun({ id, plan: plan(steps), startedAt: at, process: selfIdentity() });
    for (const one of steps) {
      const effect = journal.intendEffect({ runId: id, stepId: one.id, kind: 'x', payload: {}, at });
      journal.startStep(id, one.id, at);
      journal.settleEffect(effect, at);
      const report = {
        ...plannedStep(one),
        outcome: 'succeeded',
        startedAt: formatInstant(at),
        endedAt: formatInstant(at),
      } as const;
      const proof = { kind: 'backup', service: 'sonarr', repository: 'nas', snapshotId: id, at, complete: true } as const;
      journal.endStep(id, report, [{ ...proof, detail: { padding: 'x'.repeat(500) } }]);
    }
    journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, at);
    process.stdout.write(`${id}\n`);
  }
} catch (error) {
  process.stdout.write(`error ${error instanceof HoldfastError ? error.code : `raw: ${String(error)}`}\n`);
  process.exitCode = 3;
}
