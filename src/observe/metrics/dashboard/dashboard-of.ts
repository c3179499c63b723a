// The Grafana dashboard for a fleet, opened on this host. Its panels are a template that scripts/generate-dashboard.ts makes, so that
// nothing of Grafana's is loaded here.

import type { JsonObject } from '../../../lib/json.ts';
import template from './template.json' with { type: 'json' };

interface Variable extends JsonObject {
  readonly name: string;
}

/** As Grafana imports it. */
export function dashboardOf(host: string): JsonObject {
  const variables: readonly Variable[] = template.templating.list;
  const list = variables.map((variable) =>
    variable.name === 'hostname' ? { ...variable, current: { selected: true, text: [host], value: [host] } } : variable,
  );
  return { ...template, templating: { list } };
}
