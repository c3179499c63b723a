// One gate as it is written, over what is built in; a stage takes from its gate what it does not say. Deriving a gate that
// nobody wrote is not done here.

import { parseBytes } from '../domain/bytes.ts';
import { parsePercentage } from '../domain/percentage.ts';
import type { GateConfig, GateStage, PreflightPath } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { GateFile } from './schema.ts';
import { milliseconds, parsed } from './written-values.ts';

type PreflightFile = NonNullable<GateFile['preflight']>[number];
type StageFile = GateFile['stages'][number];

const DEFAULT_CRITICAL_ABOVE = '50%';

export function resolveGate(name: string, value: GateFile, document: SourceDocument, entries: EffectiveEntries): GateConfig {
  const path = ['gate', name];
  const gate = new Written(value, document, path);
  const common = new Written(value, document, path, `gate ${name}`);
  entries.add(path, { value: null, origin: { kind: 'written', document, path, via: null } }, {});
  const item = <Item extends object>(key: string, index: number, inner: Item): Written<Item> =>
    new Written(inner, document, [...path, key, index]);
  return {
    name,
    preflight: (value.preflight ?? []).map((check, index) => resolvePreflight(item('preflight', index, check), entries)),
    criticalAbove: parsed(
      parsePercentage,
      entries.add([...path, 'criticalAbove'], gate.get('criticalAbove') ?? builtIn(DEFAULT_CRITICAL_ABOVE)),
    ),
    stages: value.stages.map((stage, index) => resolveStage(item('stages', index, stage), stage, common, entries)),
  };
}

function resolvePreflight(check: Written<PreflightFile>, entries: EffectiveEntries): PreflightPath {
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...check.path, key], choice);
  const path = add('path', check.get('path') ?? builtIn(''));
  const minFree = add('minFree', check.get('minFree') ?? builtIn(null));
  const mounted = add('mounted', check.get('mounted') ?? builtIn(false));
  return { path: normalPath(path), minFree: minFree === null ? null : parsed(parseBytes, minFree), mounted };
}

function resolveStage(
  stage: Written<StageFile>,
  value: StageFile,
  gate: Written<GateFile>,
  entries: EffectiveEntries,
): GateStage {
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...stage.path, key], choice);
  /** Null, and not shown, when it is not written. */
  const own = <Key extends keyof StageFile & string>(key: Key): NonNullable<StageFile[Key]> | null =>
    add<NonNullable<StageFile[Key]> | null>(key, stage.get(key) ?? builtIn(null));
  const name = add('name', stage.get('name') ?? builtIn(value.name));
  const units = own('units') ?? [];
  const jobs = own('jobs') ?? [];
  const exclude = own('exclude') ?? [];
  const concurrency = own('concurrency');
  const timeout = own('timeout');
  const onFailure = add('onFailure', stage.get('onFailure') ?? builtIn<GateStage['onFailure']>('count'));
  const expect = own('expect');
  const atLeast = own('atLeast');
  const needs = own('needs') ?? [];
  const whenRunning = add(
    'whenRunning',
    stage.get('whenRunning') ?? gate.get('whenRunning') ?? builtIn<GateStage['whenRunning']>('skip'),
  );
  const freshWithin = add<string | null>(
    'freshWithin',
    stage.get('freshWithin') ?? gate.get('freshWithin') ?? builtIn(null),
  );
  return {
    name,
    units,
    exclude,
    jobs,
    concurrency,
    timeout: timeout === null ? null : milliseconds(timeout),
    onFailure,
    expect,
    atLeast,
    needs,
    whenRunning,
    freshWithin: freshWithin === null ? null : milliseconds(freshWithin),
  };
}
