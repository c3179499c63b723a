// A Debian tree from packages of the archive that this machine uses itself.

import { join, resolve } from 'node:path';
import { HoldfastError } from '../../src/lib/errors.ts';
import { duration } from '../../src/domain/duration.ts';
import type { ProcessResult } from '../../src/process/run-process.ts';
import { run } from '../command.ts';
import { sealed } from '../sealed.ts';
import type { Report } from './image.ts';

export const SUITE = 'trixie';
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Arguments for sh, which then prints the archives that apt uses on this machine: scripts/lib/debian-tool.sh knows how to ask. */
export const DEBIAN_ARCHIVES: readonly string[] = [
  '-c',
  '. "$1" && debian_archives',
  'sh',
  resolve(import.meta.dirname, '../../scripts/lib/debian-tool.sh'),
];

export interface Tree {
  readonly components: readonly string[];
  readonly packages: readonly string[];
  /** A script for sh that is run in the tree as root, by its path. */
  readonly customize: string;
}

/** Unpacks, installs and customises; `directory` is the root of a Debian then. */
export async function bootstrap(tree: Tree, directory: string, report: Report): Promise<void> {
  const archives = await archivesOfThisMachine();
  let failure: unknown = noArchive();
  for (const archive of archives) {
    try {
      return await mmdebstrap(tree, archive, directory, report);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function mmdebstrap(tree: Tree, archive: string, directory: string, report: Report): Promise<void> {
  const script = '/root/customize';
  const result = await run(
    {
      argv: sealed([
        'mmdebstrap',
        '--mode=root',
        '--variant=minbase',
        '--aptopt=Acquire::Retries "2"',
        `--include=${tree.packages.join(',')}`,
        `--customize-hook=copy-in ${join(tree.customize)} /root`,
        `--customize-hook=chroot "$1" sh /root/${tree.customize.split('/').at(-1) ?? script}`,
        SUITE,
        directory,
        `deb [signed-by=${KEYRING}] ${archive} ${SUITE} ${tree.components.join(' ')}`,
      ]),
      operation: 'make',
      subject: 'an image of the lab',
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    },
    {
      anyExit: true,
      timeout: duration(40, 'm'),
      grace: duration(0, 'ms'),
      onErrorLine: (line) => {
        if (line.startsWith('I: ')) report(`  ${line.slice(3)}`);
      },
    },
  );
  if (result.exitCode !== 0) throw notMade(result);
}

/** The first error is the cause; what follows says that its callers have failed too. */
function notMade({ exitCode, endedBy, stderrTail }: ProcessResult): HoldfastError {
  const cause = stderrTail.find((line) => line.startsWith('E: '))?.slice(3);
  return new HoldfastError({
    code: 'tool-failed',
    operation: 'make',
    subject: 'an image of the lab',
    message: cause ?? `mmdebstrap ended with ${exitCode ?? endedBy}`,
    hint: 'Its packages come from the archive of Debian that apt uses on this machine.',
    tool: { name: 'mmdebstrap', exitCode, stderrTail: cause === undefined ? stderrTail : [] },
  });
}

async function archivesOfThisMachine(): Promise<string[]> {
  const { stdout } = await run({
    argv: ['sh', ...DEBIAN_ARCHIVES],
    operation: 'ask apt for',
    subject: 'the archive that this machine uses',
  });
  return stdout.split('\n').filter(Boolean);
}

const noArchive = (): HoldfastError =>
  new HoldfastError({
    code: 'unsupported',
    operation: 'make',
    subject: 'an image of the lab',
    message: 'the apt of this machine does not use an archive of Debian',
    hint: 'The lab runs on Debian: its images are made of packages from the archive that the machine itself uses.',
  });
