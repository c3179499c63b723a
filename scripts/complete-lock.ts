// Puts optional packages of other systems back into package-lock.json. A registry mirror that carries one system's binaries
// makes npm drop the others from the lock file, and `npm ci` then refuses it everywhere. Run it after `npm install`.
// The entries carry name, version and system but no checksum; npm never downloads them where the system differs.

import { readFileSync, writeFileSync } from 'node:fs';

export interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** Entries for optional packages that are named by another entry and have none themselves. */
export function missingEntries(packages: LockedPackages): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {};
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (packages[path] === undefined && /^\d/.test(version)) {
        missing[path] = { version, ...(owner.dev ? { dev: true } : {}), optional: true, ...systemOf(name) };
      }
    }
  }
  return missing;
}

/** 'binding-linux-arm64-musl' -> linux, arm64, musl: binary packages carry their system in the name. */
function systemOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : null;
  return {
    ...(os ? { os: [os] } : {}),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(libc && os === 'linux' ? { libc: [libc] } : {}),
  };
}

if (import.meta.main) {
  const file = new URL('../package-lock.json', import.meta.url);
  // npm's own format: its `packages` map is what LockedPackages describes.
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> };
  const missing = missingEntries(lock.packages);
  const { '': self = {}, ...others } = { ...lock.packages, ...missing };
  const byPath = Object.entries(others).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = { '': self, ...Object.fromEntries(byPath) };
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  for (const path of Object.keys(missing)) console.log(`added ${path}`);
}
