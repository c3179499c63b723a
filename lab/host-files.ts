// What hosts get onto their disks before they start.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Bytes, parseBytes } from '../src/domain/bytes.ts';
import { HoldfastError } from '../src/lib/errors.ts';
import { run } from './command.ts';

/** Text by absolute path; mode 0644 unless given. */
export type Files = Readonly<Record<string, string | { readonly content: string; readonly mode: number }>>;

export function writeFiles(root: string, files: Files): void {
  mkdirSync(root, { recursive: true });
  for (const [path, file] of Object.entries(files)) {
    checkPath(path, HIDDEN);
    const { content, mode } = typeof file === 'string' ? { content: file, mode: 0o644 } : file;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  }
}

/** What a host mounts over when it boots. */
const HIDDEN = ['/dev', '/proc', '/run', '/sys', '/tmp'];

/** Throws `usage` for a path that would not be where it seems to be. */
export function checkPath(path: string, hidden: readonly string[] = []): void {
  const under = hidden.find((directory) => path.startsWith(`${directory}/`));
  if (path === resolve('/', path) && path !== '/' && !/[\t\n]/.test(path) && !under) return;
  const message = under
    ? `${under} is hidden when the host has booted`
    : 'a host takes absolute paths, without .. or line breaks';
  throw new HoldfastError({ code: 'usage', operation: 'make', subject: path, message });
}

/** Bytes from '64MB' or '1GiB'. */
export function sizeOf(text: string): Bytes {
  const size = parseBytes(text);
  if (size !== null) return size;
  const message = `${text} is not a size: write 64MB or 1GiB`;
  throw new HoldfastError({ code: 'usage', operation: 'make', subject: text, message });
}

/** An empty file of that size, which takes no space. */
export async function makeBlank(file: string, size: string): Promise<void> {
  await run({ argv: ['truncate', `--size=${sizeOf(size)}`, file], operation: 'make', subject: file });
}

export async function makeFileSystem(file: string, type: 'ext4' | 'btrfs', size: string): Promise<void> {
  await makeBlank(file, size);
  await run({ argv: [`mkfs.${type}`, '-q', file], operation: 'make a file system in', subject: file });
}

/** A disk that begins as another and keeps only what is different: there at once. */
export async function makeOverlay(file: string, base: string): Promise<void> {
  const argv: [string, ...string[]] = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, file];
  await run({ argv, operation: 'make', subject: file });
}
