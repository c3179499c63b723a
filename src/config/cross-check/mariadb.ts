// MariaDB servers: what a backup of one would not be, and files of a running server in a copy.

import { contains, normalPath } from '../repository-url.ts';
import type { KeyPath } from '../problems.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkMariadb(input: CrossCheckInput, findings: Findings): void {
  const directories = new Map<string, KeyPath>();
  for (const { name, value } of input.services) {
    const { mariadb } = input.resolved.configuration.services.get(name) ?? { mariadb: null };
    if (!mariadb) continue;
    const path = ['services', name, 'mariadb'];
    const { dataDir, defaultsFile } = mariadb;
    if (value.postgres !== undefined)
      findings.error(
        path,
        'a service keeps one database server: give this one a service of its own, beside that with postgres',
      );
    const other = directories.get(dataDir);
    if (other) findings.error([...path, 'dataDir'], `this server is declared twice (${findings.place(other)})`);
    directories.set(dataDir, [...path, 'dataDir']);
    if (defaultsFile !== null) findings.secretFile([...path, 'defaultsFile'], defaultsFile);
    checkFiles(name, dataDir, input, findings);
  }
}

/** What lies above the data directory leaves it out by itself: see resolve-dumps.ts. */
function checkFiles(name: string, dataDir: string, input: CrossCheckInput, findings: Findings): void {
  for (const service of input.services)
    for (const [index, written] of (service.value.backup?.paths ?? []).entries()) {
      const path = normalPath(written);
      if (path !== dataDir && !contains(dataDir, path)) continue;
      findings.warn(
        ['services', service.name, 'backup', 'paths', index],
        `the files of the MariaDB server of ${name} (${dataDir}) are in it: copied while the server writes they are of no use, and its databases are dumped; take it away`,
      );
    }
}
