import assert from 'node:assert/strict';
import { appendFile, chmod, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from '../../../src/process/find-program.ts';
import { rememberAnswer, rememberedAnswer } from '../../../src/tools/restic/version-memory.ts';
import { resticVersion } from '../../../src/tools/restic/version.ts';
import { calm, temporaryDirectory } from './support.ts';

/** A program that is not a script. */
async function binary(directory: string): Promise<string> {
  const file = join(directory, 'program');
  await copyFile(findProgram('true') ?? '', file);
  await chmod(file, 0o755);
  return file;
}

test('the answer of an unchanged program is remembered, and forgotten once the program is another', async () => {
  await using directory = await temporaryDirectory();
  const program = await binary(directory.path);
  assert.equal(rememberedAnswer(directory.path, program), null);
  rememberAnswer(directory.path, program, 'restic 0.18.0');
  assert.equal(rememberedAnswer(directory.path, program), 'restic 0.18.0');
  assert.equal(rememberedAnswer(directory.path, join(directory.path, 'other')), null);
  await appendFile(program, 'x');
  assert.equal(rememberedAnswer(directory.path, program), null);
});

test('a program whose answer is remembered is not started', async () => {
  await using directory = await temporaryDirectory();
  const program = await binary(directory.path); // it prints nothing
  rememberAnswer(directory.path, program, 'restic 0.18.1 compiled with go');
  assert.equal((await resticVersion(program, { ...calm(), memory: directory.path })).text, '0.18.1');
});

test('a script is asked every time: what it starts may change while it does not', async () => {
  await using directory = await temporaryDirectory();
  const script = join(directory.path, 'script');
  await writeFile(script, '#!/bin/sh\nexec restic "$@"\n', { mode: 0o755 });
  rememberAnswer(directory.path, script, 'restic 0.18.0');
  assert.equal(rememberedAnswer(directory.path, script), null);
});

test('a memory that is damaged or cannot be written costs only the asking', async () => {
  await using directory = await temporaryDirectory();
  const program = await binary(directory.path);
  await writeFile(join(directory.path, 'restic-version.json'), '{"program": ');
  assert.equal(rememberedAnswer(directory.path, program), null);
  rememberAnswer(join(directory.path, 'missing'), program, 'restic 0.18.0');
  assert.equal(rememberedAnswer(join(directory.path, 'missing'), program), null);
});
