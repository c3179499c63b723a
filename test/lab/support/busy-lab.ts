// A process that has one of everything: two containers in a network, one with a file system of its own, and a machine that boots.

import { openLab } from '../../../lab/lab.ts';

const lab = await openLab();
const network = await lab.network(['forge', 'hub', 'vault']);
const fileSystems = { '/srv/data': { type: 'btrfs', size: '200MB' } } as const;
await lab.container({ name: 'forge', network, fileSystems });
await lab.container({ name: 'hub', network });
void lab.machine({ name: 'vault', network, disks: ['100MB'] }); // who kills us does not wait for it
console.log(lab.id);
