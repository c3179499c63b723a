// A host of 60 unchanged services into one repository with retention, against what a timer for each of them does: restic
// backup, then restic forget. Every round works on fresh copies of one repository, as the costs of opening two differ, and of
// a host on which both have run before: what is unchanged has been seen once.

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Bench, cpuRatio } from './table.ts';

const SERVICES = 60;
const FILES = 200;

export const manyServices: Bench = {
  title: `holdfast run and retention apply against a loop of restic backup and forget, ${SERVICES} unchanged services`,
  rounds: 3,
  warmUp: false,
  goals: [cpuRatio(0.6)],
  contestants(scratch) {
    const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
    const data = names.map((name) => ({ name, directory: scratch.makeData(name, FILES) }));
    const config = scratch.writeConfiguration('holdfast.yaml', {
      stateDir: scratch.path('state'),
      repositories: {
        local: { url: scratch.path('mine'), passwordFile: scratch.path('password'), prune: { every: 'never' } },
      },
      services: Object.fromEntries(
        data.map(({ name, directory }) => [name, { backup: { paths: [directory], retention: { last: 1 } } }]),
      ),
    });
    const bare = data.map(({ name, directory }) => {
      const selection = `--host=bench --tag=holdfast:job=${name}`;
      return {
        backup: `restic backup --quiet ${selection} ${directory}`,
        forget: `restic forget --quiet ${selection} --keep-last=1`,
      };
    });
    const script = (file: string, repository: string, lines: readonly string[]): string[] => {
      const text = `set -e\nexport RESTIC_REPOSITORY=${repository}\n${lines.join('\n')}\n`;
      writeFileSync(scratch.path(file), text);
      return ['bash', scratch.path(file)];
    };
    const holdfast = (...args: string[]): string => scratch.holdfast(config, '--quiet', ...args).join(' ');
    const mine = script('holdfast.sh', scratch.path('mine'), [holdfast('run'), holdfast('retention', 'apply')]);
    const backups = bare.map(({ backup }) => backup);
    const repository = scratch.makeRepository('mine');
    scratch.run(script('first.sh', repository, backups));
    scratch.run(mine);
    const before = (name: string): string => scratch.path('before', name);
    mkdirSync(before(''));
    for (const name of ['mine', 'state', 'home']) renameSync(scratch.path(name), before(name));
    const fresh = (copy: string) => (): void => {
      for (const name of [copy, 'state', 'home']) rmSync(scratch.path(name), { recursive: true, force: true });
      cpSync(before('mine'), scratch.path(copy), { recursive: true });
      for (const name of ['state', 'home']) cpSync(before(name), scratch.path(name), { recursive: true });
    };
    const loop = bare.flatMap(({ backup, forget }) => [backup, forget]);
    return [
      {
        name: 'a loop of restic backup, restic forget',
        argv: script('loop.sh', scratch.path('theirs'), loop),
        prepare: fresh('theirs'),
      },
      {
        name: 'holdfast run, holdfast retention apply',
        argv: mine,
        prepare: fresh('mine'),
      },
    ];
  },
};
