// What `holdfast run` adds to the restic that does the work: one unchanged service, the same repository.

import { type Bench, moreCpu, wallRatio } from './table.ts';

const FILES = 20_000;

export const oneService: Bench = {
  title: `holdfast run against bare restic backup, ${FILES} unchanged files`,
  rounds: 9,
  warmUp: true,
  goals: [moreCpu(0.15), wallRatio(1.1)],
  contestants(scratch) {
    const data = scratch.makeData('service', FILES);
    const repository = scratch.makeRepository('repository');
    const config = scratch.writeConfiguration('holdfast.yaml', {
      stateDir: scratch.path('state'),
      repositories: { local: { url: repository, passwordFile: scratch.path('password') } },
      services: { service: { backup: { paths: [data] } } },
    });
    const bare = ['backup', '--quiet', '--host=bench', '--tag=holdfast:job=service', '--', data];
    scratch.run(['restic', '--repo', repository, ...bare]);
    return [
      { name: 'restic backup', argv: ['restic', '--repo', repository, ...bare] },
      { name: 'holdfast run', argv: scratch.holdfast(config, 'run', '--quiet') },
    ];
  },
};
