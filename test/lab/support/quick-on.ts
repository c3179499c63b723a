// A repository on a host of the lab whose key costs an emulated machine nothing.

import { execFileSync } from 'node:child_process';
import type { Host } from '../../../lab/host.ts';
import { makeQuickRepository } from '../../support/quick-repository.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** With the password that `configure` writes; each directory is made. */
export async function quickRepositories(host: Host, directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    using folder = temporaryDirectory();
    makeQuickRepository(folder.path, 'correct horse');
    const packed = execFileSync('tar', ['cz', '-C', folder.path, '.']).toString('base64');
    await host.sh('mkdir -p "$2" && printf %s "$1" | base64 -d | tar xz -C "$2"', [packed, directory]);
  }
}
