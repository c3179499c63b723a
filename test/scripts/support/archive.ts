// A Debian archive on the local disk, and an apt configuration in which the machine's sources point to it.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Checkout } from './checkout.ts';

export const runningSuite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';

/** Publishes one package with one program in `suite`; unsigned. */
export function publish(checkout: Checkout, suite: string, name: string, program: string): void {
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const control = [
    `Package: ${name}`,
    'Version: 1',
    `Architecture: ${architecture}`,
    'Maintainer: nobody',
    'Description: for a test',
  ];
  checkout.write('package/DEBIAN/control', `${control.join('\n')}\n`);
  checkout.program(`package/usr/bin/${name}`, program);
  const file = checkout.at(`archive/${name}.deb`);
  checkout.write('archive/README', 'made by a test');
  execFileSync('dpkg-deb', ['--root-owner-group', '-b', checkout.at('package'), file]);
  const packages = [
    ...control,
    `Filename: ${name}.deb`,
    `Size: ${statSync(file).size}`,
    `SHA256: ${createHash('sha256').update(readFileSync(file)).digest('hex')}`,
  ];
  const index = `${packages.join('\n')}\n\n`;
  const path = `main/binary-${architecture}/Packages`;
  checkout.write(`archive/dists/${suite}/${path}`, index);
  const entry = ` ${createHash('sha256').update(index).digest('hex')} ${index.length} ${path}`;
  checkout.write(
    `archive/dists/${suite}/Release`,
    [
      `Suite: ${suite}`,
      `Codename: ${suite}`,
      `Architectures: ${architecture}`,
      'Components: main',
      'SHA256:',
      entry,
      '',
    ].join('\n'),
  );
}

/** Puts the machine's apt in place. Returns the environment in which it has `sources` only. */
export function withApt(
  checkout: Checkout,
  sources: { readonly list?: string; readonly deb822?: string },
  settings: readonly string[] = [],
) {
  checkout.program('machine/apt-get', '#!/bin/sh\nexec /usr/bin/apt-get "$@"\n');
  checkout.write('etc/sources.list', sources.list ?? '');
  checkout.write('etc/sources.list.d/debian.sources', sources.deb822 ?? '');
  checkout.write(
    'etc/apt.conf',
    [
      `Dir::Etc::SourceList "${checkout.at('etc/sources.list')}";`,
      `Dir::Etc::SourceParts "${checkout.at('etc/sources.list.d')}";`,
      `APT::Update::Post-Invoke { "touch ${checkout.at('hook-ran')}"; };`,
      ...settings,
      '',
    ].join('\n'),
  );
  return { APT_CONFIG: checkout.at('etc/apt.conf') };
}

/** For archives made by a test, which nobody signs. */
export const trustEverything = ['Acquire::AllowInsecureRepositories "true";', 'APT::Get::AllowUnauthenticated "true";'];
