// Declared datasets: each has a name and a place of its own, and each property is written once.

import { INHERIT, NEVER_INHERITED } from '../../domain/dataset.ts';
import type { KeyPath } from '../problems.ts';
import { normalPath } from '../repository-url.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkDatasets(input: CrossCheckInput, findings: Findings): void {
  const { datasets } = input.resolved.configuration;
  for (const { name, value } of input.services) {
    const { dataset } = value;
    if (dataset === undefined) continue;
    const path = ['services', name, 'dataset'];
    const missing = (['name', 'mountpoint'] as const).filter((key) => dataset[key] === undefined);
    if (missing.length > 0 && input.file.storage?.datasets === undefined)
      findings.error(path, `write its ${missing.join(' and ')}, or say under storage.datasets where datasets live`);
    checkProperties([...path, 'properties'], dataset.properties, dataset, findings);
  }
  const parent = input.file.storage?.datasets;
  checkProperties(['storage', 'datasets', 'properties'], parent?.properties, {}, findings);
  for (const [index, one] of datasets.entries()) {
    const path = one.service === null ? ['storage', 'datasets'] : ['services', one.service, 'dataset'];
    for (const other of datasets.slice(0, index)) {
      const whose = other.service === null ? 'storage.datasets' : `services.${other.service}`;
      if (other.name === one.name) findings.error(path, `${one.name} is the dataset of ${whose}, too`);
      else if (normalPath(other.mountpoint) === one.mountpoint)
        findings.error(
          path,
          `${one.mountpoint} is the mountpoint of ${other.name} (${whose}), too: one would hide the other`,
        );
    }
  }
}

/** `own`: what is written of the dataset beside them. */
function checkProperties(
  path: KeyPath,
  properties: Readonly<Record<string, string>> = {},
  own: object,
  findings: Findings,
): void {
  for (const [property, value] of Object.entries(properties)) {
    if (property === 'mountpoint') findings.error([...path, property], 'a mountpoint is written beside the properties');
    else if (value === INHERIT && NEVER_INHERITED.has(property))
      findings.error([...path, property], 'it belongs to one dataset and is never inherited: write a value');
    else if (property in own && property !== 'name')
      findings.error([...path, property], `it is written twice: as ${property} of the dataset, too`);
  }
}
