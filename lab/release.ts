// Holdfast as it is released, with the Node.js that it is built for: what is installed in the hosts of a run.

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildRelease } from '../scripts/build.ts';
import { run } from './command.ts';

export class Release {
  readonly #directory: string;
  #tree: Promise<string> | null = null;
  #disk: Promise<string> | null = null;

  /** Made in this directory, which is there, when it is asked for. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A directory with `holdfast.js`, and `node` beside it. */
  async tree(): Promise<string> {
    this.#tree ??= makeTree(join(this.#directory, 'release'));
    return await this.#tree;
  }

  /** The same as a file system, ext4. */
  async disk(): Promise<string> {
    this.#disk ??= makeDisk(await this.tree(), join(this.#directory, 'release.img'));
    return await this.#disk;
  }
}

async function makeTree(directory: string): Promise<string> {
  await buildRelease(directory);
  copyFileSync(process.execPath, join(directory, 'node'));
  return directory;
}

async function makeDisk(tree: string, file: string): Promise<string> {
  const argv: [string, ...string[]] = ['mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-d', tree, file, '512M'];
  await run({ argv, operation: 'make', subject: file });
  return file;
}
