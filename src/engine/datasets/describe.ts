// Decisions about datasets in words: a plan that can be read aloud. Pure.

import { CREATE_ONLY, describeValue, type PropertySource, type PropertyState } from '../../domain/dataset.ts';
import type { DatasetChange, DatasetDecision } from '../../domain/dataset-decision.ts';

/** 'create it, mounted at /persist/sonarr, with recordsize=16K', 'set atime to off (it is on, by default)' */
export function describeChange(change: DatasetChange, { mountpoint }: Pick<DatasetDecision, 'mountpoint'>): string {
  switch (change.kind) {
    case 'create':
      return creation(change.properties, mountpoint);
    case 'set':
      return `set ${change.property} to ${describeValue(change.property, change.value)}${was(change.property, change.was)}${LATER.get(change.property) ?? ''}`;
    case 'inherit':
      return `inherit ${change.property} from above${was(change.property, change.was)}`;
    case 'mount':
      return `mount it${mountpoint === null ? '' : ` at ${mountpoint}`}`;
    case 'own':
      return `give its mountpoint to ${change.owner ?? ''}${change.group === null ? '' : `:${change.group}`}${change.was === null ? '' : ` (it is ${change.was})`}`;
    default:
      return `set the mode of its mountpoint to ${change.mode}${change.was === null ? '' : ` (it is ${change.was})`}`;
  }
}

function creation(properties: Readonly<Record<string, string>>, mountpoint: string | null): string {
  if (mountpoint === null) return 'create it, only to hold others (canmount=off)';
  const rest = Object.entries(properties).filter(([property]) => property !== 'mountpoint');
  const list = rest.map(([property, value]) => `${property}=${describeValue(property, value)}`);
  return `create it, mounted at ${mountpoint}${list.length > 0 ? `, with ${list.join(', ')}` : ''}`;
}

/** What a new value does not do. */
const LATER = new Map([
  ['recordsize', '; files keep the one that they were written with'],
  ['compression', '; what was written before stays as it is'],
]);

const was = (property: string, state: PropertyState | null): string =>
  state === null ? '' : ` (it is ${describeState(property, state)})`;

/** '128K, by default' */
export const describeState = (property: string, { value, source }: PropertyState): string =>
  `${describeValue(property, value)}${sourceWords(source)}`;

function sourceWords(source: PropertySource): string {
  switch (source.kind) {
    case 'local':
      return ', set here';
    case 'default':
      return ', by default';
    case 'received':
      return ', received';
    case 'temporary':
      return ', for now';
    case 'inherited':
      return `, from ${source.from}`;
    default:
      return '';
  }
}

/** One thing that is not as declared, with both sides in words. */
export interface Difference {
  /** A property; or 'exists', 'mounted', 'owner', 'mode', 'dataset' (what keeps it from being looked at). */
  readonly property: string;
  readonly wanted: string;
  readonly found: string;
}

/** Each property once: what cannot be changed is a difference, too. */
export function differencesOf({ changes, obstacles }: DatasetDecision): Difference[] {
  const differing = changes.map(differenceOf);
  const named = new Set(differing.map(({ property }) => property));
  const fixed = obstacles.filter(
    ({ property }) => property !== null && (CREATE_ONLY.has(property) || property === 'mountpoint'),
  );
  return [
    ...differing,
    ...fixed
      .filter(({ property }) => property !== null && !named.has(property))
      .map(({ property, message }) => ({ property: property ?? '', wanted: 'as declared', found: message })),
  ];
}

function differenceOf(change: DatasetChange): Difference {
  switch (change.kind) {
    case 'create':
      return { property: 'exists', wanted: 'yes', found: 'no' };
    case 'mount':
      return { property: 'mounted', wanted: 'yes', found: 'no' };
    case 'set': {
      const { property, value, was: state } = change;
      const found = state ? describeState(property, state) : 'unknown';
      return { property, wanted: `${describeValue(property, value)}, set here`, found };
    }
    case 'inherit':
      return { property: change.property, wanted: 'from above', found: describeState(change.property, change.was) };
    case 'own':
      return {
        property: 'owner',
        wanted: `${change.owner ?? '*'}:${change.group ?? '*'}`,
        found: change.was ?? 'unknown',
      };
    default:
      return { property: 'mode', wanted: change.mode, found: change.was ?? 'unknown' };
  }
}
