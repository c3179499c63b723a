// Which gate is meant, and what the host has for it: looked at before anything is planned. Changes nothing.

import type { Configuration, GateConfig } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { FoundUnit, Manager } from '../../tools/systemd/manager.ts';
import { unknownName } from '../select.ts';
import { deriveGate, WELL_KNOWN_PATTERNS } from './derive.ts';

export interface Observed extends AsyncDisposable {
  readonly gate: GateConfig;
  /** It is not configured, but made of what the host has. */
  readonly derived: boolean;
  /** Null where systemd cannot be asked, or need not be; `trouble` says why it cannot. */
  readonly manager: Manager | null;
  readonly trouble: HoldfastError | null;
  readonly found: readonly FoundUnit[];
  readonly at: Instant;
}

/** The gate of that name, or the one that is meant without a name. Throws `usage` for one that does not exist. */
export async function observe(
  config: Configuration,
  name: string | undefined,
  at: Instant,
  signal: AbortSignal,
): Promise<Observed> {
  const configured = selectGate(config, name);
  const patterns = configured ? configured.stages.flatMap(({ units }) => units) : WELL_KNOWN_PATTERNS;
  const opened = patterns.length > 0 ? await open(signal) : { manager: null, trouble: null };
  const { manager, trouble } = opened;
  await using held = new AsyncDisposableStack();
  if (manager) held.use(manager);
  const found = manager ? await manager.find(patterns) : [];
  const hasJobs = [...config.services.values()].some(({ backup }) => backup !== null);
  const kept = held.move();
  return {
    gate: configured ?? deriveGate([...config.repositories.values()], found, hasJobs),
    derived: configured === null,
    manager,
    trouble,
    found,
    at,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Null when the gate is to be derived. A single one needs no name. */
function selectGate({ gates }: Configuration, name: string | undefined): GateConfig | null {
  const meant = gates.get(name ?? 'default') ?? null;
  if (meant) return meant;
  if (name !== undefined && !(name === 'default' && gates.size === 0)) throw unknownName('gate', name, [...gates.keys()]);
  if (gates.size === 0) return null;
  const [only, ...others] = gates.values();
  if (only && others.length === 0) return only;
  throw new HoldfastError({
    code: 'usage',
    operation: 'choose',
    subject: 'a gate',
    message: 'several gates are configured, and none is called default',
    hint: `Say which: holdfast gate ${[...gates.keys()].join(' | ')}`,
  });
}

async function open(signal: AbortSignal): Promise<Pick<Observed, 'manager' | 'trouble'>> {
  const { openManager } = await import('../../tools/systemd/open-manager.ts');
  try {
    return { manager: await openManager(signal), trouble: null };
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    return { manager: null, trouble: error };
  }
}
