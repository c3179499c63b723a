// What `holdfast run --dry-run` would read and start, for each service: what its steps do not say.

import type { DumpsConfig, Hook } from '../config/configuration.ts';
import type { Job } from '../engine/backup/backup-step.ts';
import { shellWord } from '../lib/shell-word.ts';
import { printable } from './table.ts';

export function renderRunPlan(jobs: readonly Job[]): string {
  const services = Map.groupBy(jobs, ({ service }) => service.name);
  return [...services.values()].map((group) => serviceLines(group).join('\n')).join('\n');
}

function serviceLines(jobs: readonly Job[]): string[] {
  const [first] = jobs;
  if (!first) return [];
  const { service, backup } = first;
  const details: readonly (readonly [string, readonly string[]])[] = [
    ['path', backup.paths],
    ['snapshot', backup.useSnapshots ? [backup.zfsDataset ?? 'of what holds the paths'] : []],
    ['without', backup.exclude],
    ['database', backup.databases.map(({ type, path }) => `${path} (${type})`)],
    ['databases', backup.dumps === null ? [] : [dumpsOf(backup.dumps)]],
    ['before', backup.hooks.before.map(commandOf)],
    ['after', backup.hooks.after.map(commandOf)],
  ];
  return [
    `${service.name} to ${jobs.map(({ repository }) => repository.name).join(', ')}`,
    ...details.flatMap(([name, values]) => values.map((value) => `  ${name.padEnd(8)}  ${printable(value)}`)),
    '',
  ];
}

function dumpsOf(dumps: DumpsConfig): string {
  const { dataDir, excludeDatabases } = dumps.server;
  const [server, accounts] =
    dumps.kind === 'postgresql'
      ? [`the PostgreSQL server at port ${dumps.server.port}`, 'roles']
      : [`the MariaDB server at ${dumps.server.socket}`, 'users'];
  const without = excludeDatabases.length === 0 ? '' : ` (without ${excludeDatabases.join(', ')})`;
  return `of ${server}, dumped one by one${without}, with its ${accounts}; its files in ${dataDir} are left out`;
}

const commandOf = ({ argv }: Hook): string => argv.map(shellWord).join(' ');
