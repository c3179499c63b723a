// The plans of `holdfast units write` and `install`: what differs is made equal, and nothing else is touched. A unit that was
// changed by hand is kept and makes the outcome partial; timers start, and no unit that runs is stopped.

import { mayBeHeld } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { duration } from '../../domain/duration.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import type { Difference } from './differences.ts';
import type { UnitSet } from './scene.ts';
import { isStarted, startedUnits } from './started.ts';
import { removeUnits, writeUnits } from './write-units.ts';

export interface UnitsWish {
  /** Absolute. */
  readonly directory: string;
  /** Replace what was changed by hand, or is somebody else's. */
  readonly force: boolean;
}

/** What systemd and the journal say before anything is changed. */
export interface SystemdState {
  /** Those of Holdfast that are active, or at work. */
  readonly active: ReadonlySet<string>;
  /** Timers are held for a deployment: none is started meanwhile. */
  readonly held: boolean;
  /** The directory of units was changed after systemd had read it: an installation may have been cut short. */
  readonly unread: boolean;
}

/** `state`: null where the files are only written. */
export function planUnits(
  host: string,
  set: UnitSet,
  changes: readonly Difference[],
  state: SystemdState | null,
  wish: UnitsWish,
): Plan {
  const { written, removed, kept } = sort(changes, wish.force);
  const stopped = state ? removed.filter((path) => isStarted(path) && state.active.has(path)) : [];
  const isKept = new Set(kept.map(({ path }) => path));
  const idle = state ? startedUnits(set).filter((unit) => !state.active.has(unit) && !isKept.has(unit)) : [];
  const held = state?.held ? idle.filter(mayBeHeld) : [];
  const started = idle.filter((unit) => !held.includes(unit));
  const steps = [
    ...kept.map(keepStep),
    ...(stopped.length > 0 ? [stopStep(stopped)] : []),
    ...(written.length > 0 ? [writeStep(set, written, wish)] : []),
    ...(removed.length > 0 ? [removeStep(removed, wish)] : []),
    ...(state && (state.unread || written.length + removed.length > 0) ? [reloadStep()] : []),
    ...(started.length > 0 ? [startStep(started)] : []),
  ];
  const changing = steps.filter(({ id }) => !id.startsWith(KEEP)).map(({ id }) => id);
  return {
    kind: state ? 'units-install' : 'units-write',
    host,
    limits: {},
    warnings:
      held.length > 0
        ? [
            `timers are on hold: ${held.length} are not started now; when they are released (holdfast gate release): holdfast units install`,
          ]
        : [],
    steps: steps.map((step) => {
      const before = changing.slice(0, Math.max(0, changing.indexOf(step.id)));
      return before.length > 0 ? { ...step, needs: before } : step;
    }),
  };
}

interface Sorted {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly kept: readonly Difference[];
}

function sort(changes: readonly Difference[], force: boolean): Sorted {
  const kept = changes.filter(({ standing }) => !force && (standing === 'edited' || standing === 'foreign'));
  const touched = changes.filter((change) => change.standing !== 'same' && !kept.includes(change));
  return {
    written: touched.filter(({ unwanted }) => !unwanted).map(({ path }) => path),
    removed: touched.filter(({ unwanted }) => unwanted).map(({ path }) => path),
    kept,
  };
}

const KEEP = 'units:keep:';
const LIMIT = duration(5, 'm');

const keepStep = ({ path, standing, unwanted }: Difference): Step => {
  const reason =
    standing === 'foreign'
      ? 'it is not by Holdfast, and is kept; --force replaces it'
      : `it was changed by hand, and is kept; --force ${unwanted ? 'removes' : 'replaces'} it`;
  return {
    id: `${KEEP}${path}`,
    title: `Keep ${path}`,
    weight: 'counted',
    foreseen: { path, standing, reason },
    run: () => Promise.resolve({ outcome: 'partial', reason, result: { path, standing } }),
  };
};

const common = { weight: 'critical', timeout: LIMIT, locks: [{ name: 'units', mode: 'exclusive' }] } as const;

const writeStep = (set: UnitSet, paths: readonly string[], { directory }: UnitsWish): Step => ({
  ...common,
  id: 'units:write',
  title: `Write ${files(paths)} into ${directory}`,
  foreseen: { written: [...paths] },
  async run(context) {
    await writeUnits(directory, set, paths, context);
    return { outcome: 'succeeded', result: { written: [...paths] } };
  },
});

const removeStep = (paths: readonly string[], { directory }: UnitsWish): Step => ({
  ...common,
  id: 'units:remove',
  title: `Remove ${files(paths)} that nothing is configured for any more`,
  foreseen: { removed: [...paths] },
  async run() {
    await removeUnits(directory, paths);
    return { outcome: 'succeeded', result: { removed: [...paths] } };
  },
});

const reloadStep = (): Step => ({
  ...common,
  id: 'units:reload',
  title: 'Have systemd read its units again',
  async run({ signal }) {
    await using manager = await openManager(signal);
    await manager.reload();
    return { outcome: 'succeeded' };
  },
});

const stopStep = (timers: readonly string[]): Step => ({
  ...common,
  id: 'units:stop',
  title: `Stop ${counted(timers.length, 'unit')} that nothing is configured for any more`,
  foreseen: { stopped: [...timers] },
  async run({ signal }) {
    await using manager = await openManager(signal);
    await Promise.all(timers.map((timer) => manager.stop(timer, duration(10, 's'))));
    return { outcome: 'succeeded', result: { stopped: [...timers] } };
  },
});

const startStep = (units: readonly string[]): Step => ({
  ...common,
  id: 'units:start',
  title: `Start ${counted(units.length, units.every((unit) => unit.endsWith('.timer')) ? 'timer' : 'unit')}`,
  foreseen: { started: [...units] },
  async run({ signal }) {
    await using manager = await openManager(signal);
    const ends = await manager.startAll(units);
    const failed = ends.filter((end) => end !== null);
    const started = units.filter((_, index) => ends[index] === null);
    const [first] = failed;
    if (first === undefined) return { outcome: 'succeeded', result: { started } };
    return { outcome: 'failed', error: first, reason: `${failed.length} did not start`, result: { started } };
  },
});

/** Links are how a unit is enabled, not something to count. */
const files = (paths: readonly string[]): string =>
  counted(paths.filter((path) => !path.includes('.wants/')).length, 'unit');

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
