// Moving a service's directory onto a dataset of its own: what the dataset says of it, and what may be done next. Pure. The one point
// at which everything is decided is the property of the dataset: `live` is set together with the mountpoint, in one transaction.

import { type Bytes, describeBytes } from './bytes.ts';
import { CREATE_ONLY, type DatasetState, type DeclaredDataset, parentOf, type PropertyState } from './dataset.ts';
import type { DatasetDecision, Obstacle } from './dataset-decision.ts';
import type { Duration } from './duration.ts';
import { formatInstant, type Instant, later, parseInstant } from './instant.ts';

/**
 * `copying`: made by Holdfast, and nothing has run on it; it may be destroyed. `live`: the service runs on it, and the old directory is
 * kept. `cleaning`: the old directory is being removed; there is no way back any more. `kept`: it was live, and is not; never destroyed.
 */
export type MigrationState = 'copying' | 'live' | 'cleaning' | 'kept';

export interface MigrationMark {
  readonly state: MigrationState;
  /** Which run made it. */
  readonly run: string;
  /** Where the old directory is kept. */
  readonly from: string;
  /** When it became live. */
  readonly at: Instant | null;
}

/** User properties, so that they outlive the journal. */
export const MARK = {
  state: 'holdfast:migration',
  run: 'holdfast:migration-run',
  from: 'holdfast:migrated-from',
  at: 'holdfast:migrated-at',
} as const;

const STATES: readonly string[] = ['copying', 'live', 'cleaning', 'kept'] satisfies MigrationState[];
const isState = (value: string | null): value is MigrationState => value !== null && STATES.includes(value);

/** Null where it has none of its own: what is inherited or received speaks of another dataset. */
export function markOf(properties: ReadonlyMap<string, PropertyState> | undefined): MigrationMark | null {
  const own = (property: string): string | null => {
    const found = properties?.get(property);
    return found?.source.kind === 'local' ? found.value : null;
  };
  const state = own(MARK.state);
  if (!isState(state)) return null;
  return { state, run: own(MARK.run) ?? '', from: own(MARK.from) ?? '', at: parseInstant(own(MARK.at) ?? '') };
}

/** What is at the path of the service. */
export type PlaceSeen =
  | { readonly kind: 'absent' | 'directory' | 'link' | 'other' }
  | { readonly kind: 'mounted'; readonly source: string };

export interface MigrationSeen {
  readonly isRoot: boolean;
  /** Null where the dataset is not there. */
  readonly state: DatasetState | null;
  readonly mark: MigrationMark | null;
  /** What would be done to the dataset if its mountpoint were free. */
  readonly decision: DatasetDecision | null;
  /** The dataset above it is there. */
  readonly hasParent: boolean;
  readonly place: PlaceSeen;
  /** Mounted below the path. */
  readonly mountsInside: readonly string[];
  /** What belongs to somebody else and lies within the path, or is it. */
  readonly neighbours: readonly string[];
  /** Who uses what is in the path, asked where no unit is declared. */
  readonly users: readonly string[];
  /** What the directory takes, and what the pool has for the dataset; null where that was not asked. */
  readonly size: Bytes | null;
  readonly free: Bytes | null;
  /** The old directory is where the mark says. */
  readonly oldThere: boolean;
}

type Declared = DeclaredDataset & { readonly service: string };

/** Why the directory is not moved; none when it may be. */
export function migrationObstacles(declared: Declared, seen: MigrationSeen, unit: string | null): Obstacle[] {
  const { name, service, mountpoint } = declared;
  const first = rights(seen) ?? known(declared, seen) ?? placed(declared, seen);
  if (first) return [first];
  const found: Obstacle[] = [...(seen.decision?.obstacles ?? [])];
  if (!seen.hasParent && found.length === 0)
    found.push(
      obstacle(
        `${parentOf(name) ?? name}, in which ${name} would be, does not exist`,
        `Make it first: holdfast datasets apply; or by hand: zfs create -p -o canmount=off ${parentOf(name) ?? name}`,
      ),
    );
  if (declared.properties['canmount'] !== undefined && declared.properties['canmount'] !== 'on')
    found.push(
      obstacle(
        `${name} is declared with canmount=${declared.properties['canmount']}: it would not be mounted at a boot`,
        `Take canmount out of services.${service}.dataset.properties.`,
      ),
    );
  for (const mount of seen.mountsInside)
    found.push(
      obstacle(
        `${mount} is mounted inside of ${mountpoint}`,
        `Unmount it first (umount ${mount}); after the migration it can be mounted there again.`,
      ),
    );
  for (const neighbour of seen.neighbours)
    found.push(
      obstacle(
        `${neighbour} lies in ${mountpoint}, too, and would be moved with it`,
        'Give each a directory of its own first; what is shared has no single owner to stop.',
      ),
    );
  if (unit === null && seen.users.length > 0)
    found.push(
      obstacle(
        `no unit is declared for ${service}, and its files are in use: ${seen.users.slice(0, 3).join(', ')}`,
        `Declare services.${service}.unit, which is then stopped and started; or stop what uses it yourself.`,
      ),
    );
  if (seen.size !== null && seen.free !== null && seen.size > seen.free)
    found.push(
      obstacle(
        `${mountpoint} takes ${describeBytes(seen.size)}, and there are ${describeBytes(seen.free)} for ${name}`,
        'See what takes the room (zfs list -o space), or raise the quota: all of it is copied, and the old stays for a while.',
      ),
    );
  return found;
}

const obstacle = (message: string, hint: string, property: string | null = null): Obstacle => ({ property, message, hint });

const rights = ({ isRoot }: MigrationSeen): Obstacle | null =>
  isRoot ? null : obstacle('only root may mount a dataset and stop a service', 'Run it as root.');

/** Of a dataset that is there already. */
function known({ name, service, mountpoint }: Declared, { state, mark, place, decision }: MigrationSeen): Obstacle | null {
  if (state === null) return null;
  if (mark?.state === 'live' || mark?.state === 'cleaning')
    return obstacle(
      `${service} was moved to ${name} already${mark.at === null ? '' : ` at ${formatInstant(mark.at)}`}, and its old directory is kept at ${mark.from}`,
      `Remove that with \`holdfast migrate ${service} --clean-up\`${mark.state === 'live' ? `, or go back with \`holdfast migrate ${service} --rollback\`` : ''}.`,
    );
  if (mark?.state === 'kept')
    return obstacle(
      `${name} holds what was written while ${service} ran on it, before that was taken back`,
      `Look at it (zfs mount ${name}), then rename it (zfs rename ${name} ${name}-old) or, when nothing of it is needed, destroy it.`,
    );
  if (mark?.state === 'copying')
    return obstacle(
      `${name} was half made by run ${mark.run}, and the journal no longer tells of it; nothing ever ran on it`,
      `Remove it: zfs destroy ${name}`,
    );
  if (place.kind === 'mounted' && place.source === name) {
    const fixed = (decision?.obstacles ?? []).filter(({ property }) => property !== null && CREATE_ONLY.has(property));
    if (fixed.length === 0)
      return obstacle(`${service} is on ${name} already`, 'There is nothing to move: `holdfast datasets plan` compares it.');
    return obstacle(
      `${service} is on ${name} already, which was made otherwise: ${fixed.map(({ message }) => message).join('; ')}. A directory can be moved onto a new dataset in one step that is decided at one point; a dataset cannot take the place of another so`,
      recreation(name, mountpoint),
      fixed[0]?.property ?? null,
    );
  }
  return obstacle(
    `${name} exists already, and is not what ${service} runs on: nothing is copied over what was there before`,
    `See what it holds (zfs list -r ${name}), then rename it (zfs rename ${name} ${name}-old) or declare another name.`,
  );
}

const recreation = (name: string, mountpoint: string): string =>
  `Turn the dataset into a directory first, then migrate that: stop the service; cp -a ${mountpoint} ${mountpoint}.moving; zfs set canmount=noauto ${name}; zfs unmount ${name}; zfs rename ${name} ${name}-old; rmdir ${mountpoint}; mv ${mountpoint}.moving ${mountpoint}; start it; holdfast migrate again.`;

/** Of what is at the path while the dataset is not there. */
function placed({ name, service, mountpoint }: Declared, { place }: MigrationSeen): Obstacle | null {
  switch (place.kind) {
    case 'directory':
      return null;
    case 'absent':
      return obstacle(
        `${mountpoint} does not exist: there is nothing to move`,
        `Make the dataset: holdfast datasets apply ${service}. If there should be data: holdfast recover ${service}`,
      );
    case 'link':
      return obstacle(
        `${mountpoint} is a symbolic link, and the data is elsewhere`,
        `Declare where it is: services.${service}.dataset.mountpoint (and backup.paths).`,
      );
    case 'mounted':
      return obstacle(
        `${place.source} is mounted at ${mountpoint}: that is no directory of another file system, which could be renamed`,
        `Copy it into a directory first, or declare what it is: findmnt ${mountpoint}`,
      );
    default:
      return obstacle(
        `${mountpoint} is no directory: it cannot be the mountpoint of ${name}`,
        `Declare the directory that the data is in: services.${service}.dataset.mountpoint`,
      );
  }
}

/** From when on the old directory may be removed. */
export const keptUntil = ({ at }: MigrationMark, keepOld: Duration): Instant | null =>
  at === null ? null : later(at, keepOld);

const NOTHING_KEPT = (service: string): Obstacle =>
  obstacle(`no migration of ${service} waits for its end`, `\`holdfast migrate ${service} --dry-run\` tells what there is.`);

/** Why the service is not put back onto its old directory; none when it may be. */
export function rollbackObstacles({ name, service, mountpoint }: Declared, seen: MigrationSeen): Obstacle[] {
  const { mark, place } = seen;
  const right = rights(seen);
  if (right) return [right];
  if (mark?.state === 'cleaning')
    return [
      obstacle(
        `the old directory of ${service} is being removed: there is no way back to it`,
        `Go on: holdfast migrate ${service} --clean-up. What it held is in the backups: holdfast restore ${service} --to DIR`,
      ),
    ];
  if (mark?.state !== 'live') return [NOTHING_KEPT(service)];
  if (!seen.oldThere)
    return [
      obstacle(
        `the old directory is not where it was kept: ${mark.from}`,
        'Is its file system mounted? If it was moved by hand, move it back to that name.',
      ),
    ];
  if (place.kind === 'mounted' && place.source !== name)
    return [
      obstacle(`${place.source} is mounted over ${name} at ${mountpoint}`, `Unmount that first: umount ${mountpoint}`),
    ];
  return seen.mountsInside.map((mount) =>
    obstacle(`${mount} is mounted inside of ${mountpoint}`, `Unmount it first: umount ${mount}`),
  );
}

/** Why the old directory is not removed; none when it may be. */
export function cleanUpObstacles(
  { name, service, mountpoint }: Declared,
  seen: MigrationSeen,
  { now, keepOld }: { readonly now: Instant; readonly keepOld: Duration },
): Obstacle[] {
  const { mark, place } = seen;
  const right = rights(seen);
  if (right) return [right];
  if (mark?.state !== 'live' && mark?.state !== 'cleaning') return [NOTHING_KEPT(service)];
  const until = keptUntil(mark, keepOld);
  if (until === null || now < until)
    return [
      obstacle(
        `the old directory of ${service} is kept until ${until === null ? 'somebody says since when' : formatInstant(until)}`,
        `Come back then, or set services.${service}.migrate.keepOld to less. It takes room and nothing else.`,
      ),
    ];
  if (place.kind !== 'mounted' || place.source !== name)
    return [
      obstacle(
        `${name} is not what is seen at ${mountpoint}: nothing is removed before its replacement is in place`,
        `See what is: findmnt -T ${mountpoint}; then: zfs mount ${name}`,
      ),
    ];
  return [];
}
