// Names that must name something: repositories, protection classes, replication templates.

import type { KeyPath } from '../problems.ts';
import { formatPath } from '../problems.ts';
import { nearest } from '../nearest.ts';
import { BUILT_IN_CLASSES } from '../resolve-protection.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkReferences(input: CrossCheckInput, findings: Findings): void {
  const { file } = input;
  const repositories = known(input, 'repositories', Object.keys(file.repositories ?? {}));
  const classes = known(input, 'protectionClasses', [
    ...Object.keys(BUILT_IN_CLASSES),
    ...Object.keys(file.protectionClasses ?? {}),
  ]);
  const refer = (kind: string, names: ReadonlySet<string> | null, name: string | undefined, path: KeyPath): void => {
    if (name === undefined || names === null || names.has(name)) return;
    const near = nearest(name, [...names]);
    findings.error(
      path,
      `there is no ${kind} '${name}'${near ? `; did you mean '${near}'?` : `; there is: ${[...names].join(', ') || 'none'}`}`,
    );
  };
  const repository = (name: string | undefined, path: KeyPath): void => refer('repository', repositories, name, path);
  const repositoryNames = (names: readonly string[] | undefined, path: KeyPath): void => {
    for (const [index, name] of (names ?? []).entries()) {
      repository(name, [...path, index]);
      if (names?.indexOf(name) !== index) findings.error([...path, index], `'${name}' is named twice`);
    }
  };

  repositoryNames(file.defaults?.repositories, ['defaults', 'repositories']);
  repositoryNames(file.verification?.repositories, ['verification', 'repositories']);
  refer('protection class', classes, file.defaults?.protection?.class, ['defaults', 'protection', 'class']);
  for (const { name, value } of input.services) {
    const path = ['services', name];
    repositoryNames(value.backup?.repositories, [...path, 'backup', 'repositories']);
    repository(value.backup?.repository, [...path, 'backup', 'repository']);
    repository(value.postgres?.offsite?.repository, [...path, 'postgres', 'offsite', 'repository']);
    refer('protection class', classes, value.protection?.class, [...path, 'protection', 'class']);
  }
  for (const [name, copy] of Object.entries(file.offsite ?? {})) {
    const path = ['offsite', name];
    repository(copy.from, [...path, 'from']);
    if (!('restic' in copy.to)) continue;
    repository(copy.to.restic, [...path, 'to', 'restic']);
    if (copy.to.restic === copy.from) findings.error([...path, 'to', 'restic'], 'a repository cannot be copied into itself');
  }
  const zfs = file.replication?.zfs;
  const templates = new Set(Object.keys(zfs?.templates ?? {}));
  for (const [name, dataset] of Object.entries(zfs?.datasets ?? {})) {
    refer('template', templates, dataset.template, ['replication', 'zfs', 'datasets', name, 'template']);
  }
  for (const [name, target] of Object.entries(zfs?.targets ?? {})) {
    refer('template', templates, target.template, ['replication', 'zfs', 'targets', name, 'template']);
  }
}

/** The names, with those that are written but broken; null when the whole section could not be read. */
function known(input: CrossCheckInput, section: string, sound: readonly string[]): ReadonlySet<string> | null {
  if (input.leftOut.has(section)) return null;
  const written = (input.main.data as Record<string, unknown>)[section]; // the schema has seen that the document is a map
  const broken =
    typeof written === 'object' && written !== null
      ? Object.keys(written).filter((name) => input.leftOut.has(formatPath([section, name])))
      : [];
  return new Set([...sound, ...broken]);
}
