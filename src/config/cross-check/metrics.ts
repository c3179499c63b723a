// Metrics that nobody would read, and levels that are the wrong way round.

import type { CrossCheckInput, Findings } from './findings.ts';

export function checkMetrics({ resolved }: CrossCheckInput, findings: Findings): void {
  const { textfile, capacity, replicationLag } = resolved.configuration.metrics;
  if (textfile !== null && !textfile.endsWith('.prom')) {
    findings.warn(
      ['metrics', 'textfile'],
      'the node exporter reads only files that end with .prom: nobody would read this one',
    );
  }
  for (const [key, { warning, critical }] of Object.entries({ capacity, replicationLag })) {
    if (warning > critical)
      findings.error(['metrics', key], 'the warning would come after the alarm: warning is above critical');
  }
}
