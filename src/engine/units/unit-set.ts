// Everything that systemd is told for a host, from its configuration. Pure.

import type { Configuration } from '../../config/configuration.ts';
import { unitNames } from '../../domain/naming.ts';
import { scheduledJobs } from '../schedule/scheduled-jobs.ts';
import { agentUnit } from './agent-unit.ts';
import { datasetsUnit } from './datasets-unit.ts';
import { limits } from './around.ts';
import { againTimer, againUnit, recoverDropIn, recoverables, recoverUnit } from './recover-unit.ts';
import type { UnitScene, UnitSet } from './scene.ts';
import { sealed } from './seal.ts';
import { isTeller, serviceUnit } from './service-unit.ts';
import { timerUnit } from './timer-unit.ts';
import { renderUnit } from './unit-file.ts';

/** Empty where nothing recurs, or the agent starts it, and nothing is to be recovered. */
export function unitSet(scene: UnitScene): UnitSet {
  const { configuration } = scene;
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const add = (path: string, body: string): void => void files.set(path, sealed(body));
  // with timers beside an agent that starts what recurs each job would run twice
  const jobs = configuration.agent.schedule === true ? [] : scheduledJobs(configuration);
  const tellers = jobs.filter(isTeller).map(({ kind, subject }) => unitNames.scheduled(kind, subject));
  for (const job of jobs) {
    const timer = unitNames.timer(job.kind, job.subject);
    add(unitNames.scheduled(job.kind, job.subject), serviceUnit(job, scene, tellers));
    add(timer, timerUnit(job));
    links.set(unitNames.wantedBy('timers.target', timer), `../${timer}`);
  }
  if (configuration.agent.declared) {
    add(unitNames.agent, agentUnit(scene));
    links.set(unitNames.wantedBy('multi-user.target', unitNames.agent), `../${unitNames.agent}`);
  }
  if (jobs.length > 0) add(unitNames.slice, sliceUnit(configuration));
  const recovered = recoverables(configuration);
  if (configuration.datasets.length > 0) {
    add(unitNames.datasets, datasetsUnit(scene, recovered, tellers));
    links.set(unitNames.wantedBy('multi-user.target', unitNames.datasets), `../${unitNames.datasets}`);
  }
  const byUnit = Map.groupBy(recovered, ({ unit }) => unit);
  for (const [unit, held] of byUnit) {
    for (const one of held) {
      add(unitNames.recover(one.service.name), recoverUnit(one, scene, tellers));
      add(unitNames.again(one.service.name), againTimer(one));
      add(unitNames.tryAgain(one.service.name), againUnit(one, scene));
    }
    add(unitNames.recoverDropIn(unit), recoverDropIn(held));
  }
  return { files, links };
}

const sliceUnit = ({ units }: Configuration): string =>
  renderUnit([
    { name: 'Unit', lines: [['Description', 'Holdfast: everything that it does by schedule']] },
    { name: 'Slice', lines: limits(units) },
  ]);
