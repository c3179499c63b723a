// The plan of `holdfast datasets drift`: it changes nothing, and puts on record for each declared dataset whether it is as declared.

import type { DeclaredDataset } from '../../domain/dataset.ts';
import type { DatasetDecision } from '../../domain/dataset-decision.ts';
import { stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { compared } from './compared.ts';
import { type Difference, differencesOf } from './describe.ts';

export function planDrift(
  host: string,
  declared: readonly DeclaredDataset[],
  decisions: readonly DatasetDecision[],
  warnings: readonly string[],
): Plan {
  const byName = new Map(decisions.map((decision) => [decision.dataset, decision]));
  return {
    kind: 'drift',
    host,
    limits: {},
    warnings,
    steps: declared.flatMap(({ name, service }) => {
      const decision = byName.get(name);
      return decision ? [driftStep(name, service, differencesOf(decision))] : [];
    }),
  };
}

function driftStep(dataset: string, service: string | null, differences: readonly Difference[]): Step {
  const result = { dataset, differences: differences.map((each) => ({ ...each })) };
  return {
    id: stepId.drift(dataset),
    title: `Compare ${dataset} with its declaration`,
    ...(service === null ? {} : { service }),
    weight: 'counted',
    foreseen: result,
    run: (context) => {
      const evidence = [compared(dataset, service, differences, context.now())];
      if (differences.length === 0) return Promise.resolve({ outcome: 'succeeded', result, evidence });
      const reason = differences
        .map(({ property, wanted, found }) => `${property}: ${found} (declared: ${wanted})`)
        .join('; ');
      return Promise.resolve({ outcome: 'partial', reason, result, evidence });
    },
  };
}
