// A tree with everything that a backup may meet: odd names, links, holes, pipes, modes, owners, times, extended attributes.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../src/process/find-program.ts';
import { PATH } from './cli.ts';

/** Bytes of a file that takes nearly no space on disk. */
export const SPARSE_SIZE = 64 * 1024 * 1024;

/** Makes the tree in `directory`, which is created. As root also foreign owners and set-user-id. */
export function makeOddTree(directory: string): void {
  const path = (name: string): string => join(directory, name);
  mkdirSync(path('sub/deeper'), { recursive: true });
  writeFileSync(path('plain.txt'), 'plain\n');
  writeFileSync(path('empty'), '');
  writeFileSync(path('binary'), Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256)));
  mkdirSync(path('empty directory'));
  for (const name of [
    '-rf',
    'new\nline',
    'tab\tand "quotes" \'$HOME\'',
    '*[a]?\\',
    'ünï',
    '!no',
    '{x,y}',
    ' ',
    'x'.repeat(255),
  ]) {
    writeFileSync(path(name), `in ${name}`);
  }
  writeFileSync(Buffer.concat([Buffer.from(path('latin1-')), Buffer.from([0xe9, 0xff, 0xc3])]), 'not UTF-8');
  mkdirSync(Buffer.concat([Buffer.from(path('directory-')), Buffer.from([0xfe])]));
  writeFileSync(Buffer.concat([Buffer.from(path('directory-')), Buffer.from([0xfe]), Buffer.from('/inside')]), 'inside');
  symlinkSync('plain.txt', path('link'));
  symlinkSync('/nowhere/at/all', path('dangling'));
  symlinkSync('sub', path('link to directory'));
  writeFileSync(path('sub/one'), 'three names');
  linkSync(path('sub/one'), path('sub/deeper/two'));
  linkSync(path('sub/one'), path('three'));
  execFileSync('mkfifo', [path('pipe')]); // whoever opens it waits for ever
  const hole = openSync(path('sparse'), 'w');
  writeSync(hole, 'begin');
  truncateSync(path('sparse'), SPARSE_SIZE);
  writeSync(hole, 'middle', SPARSE_SIZE / 2);
  closeSync(hole);
  chmodSync(path('binary'), 0o400);
  chmodSync(path('sub/deeper'), 0o2750);
  chmodSync(path('empty directory'), 0o1777);
  if (process.getuid?.() === 0) {
    chownSync(path('plain.txt'), 12_345, 54_321);
    chownSync(path('sub'), 12_345, 12_345);
  }
  writeFileSync(path('setuid'), '#!/bin/sh\n');
  chmodSync(path('setuid'), 0o4755);
  const setfattr = findProgram('setfattr', PATH);
  if (setfattr !== null) {
    execFileSync(setfattr, ['-n', 'user.note', '-v', 'kept', path('plain.txt')]);
    execFileSync(setfattr, ['-n', 'user.note', '-v', 'on a directory', path('sub')]);
  }
  lutimesSync(path('dangling'), 1_000_000_000.5, 1_000_000_000.5);
  for (const name of ['plain.txt', 'sub/deeper', 'sub', 'empty directory'])
    utimesSync(path(name), 1_234_567_890.123, 987_654_321.987);
}
