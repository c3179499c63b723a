// The systemd service of the agent, where one is configured. The timers do what recurs; the agent answers others, and starts what
// they ask for.

import { credentials, environment, ownDirectories, stateMount } from './around.ts';
import { hardening } from './hardening.ts';
import type { UnitScene } from './scene.ts';
import { commandLine, renderUnit } from './unit-file.ts';

/**
 * It runs for months and hardly ever allocates from two threads at once: one arena of glibc's allocator is 10 MiB less than one for
 * each of its threads.
 */
export const AGENT_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const;

export const agentUnit = (scene: UnitScene): string =>
  renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', 'Holdfast: the agent of this host'],
        ...stateMount(scene),
        ['Wants', 'network-online.target'],
        ['After', 'network-online.target'],
      ],
    },
    {
      name: 'Service',
      lines: [
        ['Type', 'notify'],
        ['NotifyAccess', 'all'],
        ['ExecStart', commandLine([...scene.program, 'agent'])],
        ['ExecReload', '/bin/kill -HUP $MAINPID'],
        ...environment({ environment: { ...AGENT_ENVIRONMENT, ...scene.environment } }),
        ...credentials([...scene.configuration.repositories.values()]),
        ...ownDirectories(scene),
        ['RuntimeDirectory', 'holdfast'],
        ['RuntimeDirectoryMode', '0755'],
        ['Restart', 'on-failure'],
        ['RestartSec', '5s'],
        ['TimeoutStopSec', '6min'],
        ['KillMode', 'mixed'],
        ['SuccessExitStatus', '143'],
        ...hardening('anything'),
      ],
    },
    { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]);
