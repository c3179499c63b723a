import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type LockedPackages, missingEntries } from '../../scripts/complete-lock.ts';

const project = resolve(import.meta.dirname, '..', '..');

test('package-lock.json has an entry for every optional package, or npm ci refuses it', () => {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as { packages: LockedPackages };
  assert.deepEqual(Object.keys(missingEntries(lock.packages)), [], 'run: node scripts/complete-lock.ts');
});

test('an entry that was dropped comes back with the system that its name tells, so that it is not downloaded elsewhere', () => {
  const optionalDependencies = {
    '@tool/binding-linux-x64-gnu': '1.2.3',
    '@tool/binding-linux-arm-musleabihf': '1.2.3',
    '@tool/binding-win32-ia32-msvc': '1.2.3',
    '@tool/darwin-arm64': '1.2.3',
    '@tool/binding-wasm32-wasi': '1.2.3',
  };
  const packages = {
    'node_modules/tool': { version: '1.2.3', dev: true, optionalDependencies },
    'node_modules/@tool/binding-linux-x64-gnu': { version: '1.2.3', optional: true },
  };
  const common = { version: '1.2.3', dev: true, optional: true };
  assert.deepEqual(missingEntries(packages), {
    'node_modules/@tool/binding-linux-arm-musleabihf': { ...common, os: ['linux'], cpu: ['arm'], libc: ['musl'] },
    'node_modules/@tool/binding-win32-ia32-msvc': { ...common, os: ['win32'], cpu: ['ia32'] },
    'node_modules/@tool/darwin-arm64': { ...common, os: ['darwin'], cpu: ['arm64'] },
    'node_modules/@tool/binding-wasm32-wasi': { ...common, cpu: ['wasm32'] },
  });
});
