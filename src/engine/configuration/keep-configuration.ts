// Keeps the host's configuration in a repository, as a small job of its own: with it and the passwords a bare machine can go on.
// It costs nothing while it is unchanged: then there is no such step.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { configurationPath, configurationTag, repositoryLock, repositoryTag, stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { placeOf } from '../../repositories/place.ts';
import { namedSecrets } from '../../repositories/secrets.ts';
import { SPOOL } from '../../sources/sqlite.ts';
import { resticBackupCommand } from '../../tools/restic/backup-command.ts';
import { assertHeld } from '../backup/held-snapshot.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import { accessTo, spoolRoot, type Toolbox } from '../toolbox.ts';
import { digestOf, isKept } from './kept-configuration.ts';

/** None where the repository keeps it already. */
export function configurationSteps(
  config: Configuration,
  repository: RepositoryConfig,
  toolbox: Toolbox,
  order: Pick<Step, 'after'>,
): Step[] {
  if (isKept(toolbox.journal, repository, config.portable)) return [];
  return [
    {
      id: stepId.configuration(repository.name),
      title: `Keep the configuration in ${repository.name}`,
      stage: 'configuration',
      repository: repository.name,
      ...order,
      lanes: [repositoryLock(repository.name)],
      locks: [{ name: repositoryLock(repository.name), mode: 'shared' }],
      timeout: duration(15, 'm'),
      weight: 'counted',
      run: (context) => keep(config, repository, toolbox, context),
    },
  ];
}

async function keep(
  config: Configuration,
  repository: RepositoryConfig,
  toolbox: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  if (isKept(toolbox.journal, repository, config.portable)) return { outcome: 'skipped', reason: 'another run has kept it' };
  const text = await withoutSecretsOf(config, context.signal);
  const access = await accessTo(toolbox, repository, context.signal);
  const directory = join(spoolRoot(toolbox), `${context.runId}-configuration-${repository.name}`);
  const file = join(directory, 'holdfast.yaml');
  await using _spool = await context.hold(SPOOL.kind, { directory }, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  });
  const at = context.now();
  const { snapshotId, bytesProcessed } = await pastLocks(access, context, (retryLock) =>
    resticBackupCommand(
      access,
      {
        argv: ['cat', '--', file],
        path: configurationPath,
        tags: [configurationTag, repositoryTag(repository.name)],
        host: toolbox.host,
        retryLock,
      },
      { signal: context.signal },
    ),
  );
  await assertHeld(repository, snapshotId, 'the configuration');
  const evidence: Evidence = {
    kind: 'configuration',
    service: '',
    repository: repository.name,
    snapshotId,
    at,
    complete: true,
    detail: { tool: 'restic', place: placeOf(repository), digest: digestOf(config.portable), bytes: bytesProcessed },
  };
  return {
    outcome: 'succeeded',
    evidence: [evidence],
    result: { repository: repository.name, snapshotId, bytes: bytesProcessed },
  };
}

/** Shorter ones could be words that mean something else here. */
const SHORTEST_SECRET = 8;

/** The text was made without looking at any secret; should one of this host's stand in it all the same, it is not kept. */
async function withoutSecretsOf({ portable, repositories }: Configuration, signal: AbortSignal): Promise<string> {
  const secrets = await Promise.all([...repositories.values()].map((repository) => namedSecrets(repository, signal)));
  const text = secrets
    .flat()
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
    .reduce((kept, secret) => kept.replaceAll(secret, 'not-kept'), portable);
  return text === portable ? text : `# not-kept stands for a secret of one of the repositories.\n${text}`;
}
