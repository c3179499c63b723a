// What a command that validates has no business with: the state, which names everything, and the secrets.

import type { Configuration } from '../../config/configuration.ts';

export function hiddenFrom({ stateDir, repositories }: Pick<Configuration, 'stateDir' | 'repositories'>): string[] {
  const secrets = [...repositories.values()].flatMap(({ password, environmentFile }) => [
    password.kind === 'file' ? password.path : null,
    environmentFile,
  ]);
  return [stateDir, process.env['CREDENTIALS_DIRECTORY'] ?? null, ...secrets].filter((path) => path !== null);
}
