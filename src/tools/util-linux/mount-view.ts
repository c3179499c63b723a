// Running a program that sees snapshots where everybody else sees what lives: in a private mount namespace, which ends with it.
// What is put in place is first gathered on a stage, so that nothing is covered by what was put in place before it.

import { isWithin } from '../../lib/path.ts';
import { BIND_FAILED } from './mount-namespace.ts';

/** What is seen at `over` instead of what is there. */
export interface Cover {
  /** A snapshot of ZFS, mounted here and nowhere else; or a path. */
  readonly from: { readonly zfs: string } | { readonly path: string };
  /** What of it: '' for all of it, or 'a/b'. */
  readonly directory: string;
  /** Absolute, normalised, without links. */
  readonly over: string;
}

export interface MountView {
  /** The outer before the inner. */
  readonly covers: readonly Cover[];
  /** What the program writes to, or reads as it is now: it stays, where it would be covered. */
  readonly kept: readonly string[];
}

type Argv = readonly [string, ...string[]];

/**
 * "$@" is STAGE (HOW WHAT WHERE) ... -- PROGRAM ARGUMENT ...: a snapshot is mounted, or a file or directory bound, at a new place on
 * the stage (`hold`: where there is something); `over` binds it from there over what lives, `keep` only where both are. Where two mount
 * one snapshot at the same moment ZFS may tell one of them that it is busy, which passes.
 */
const SCRIPT = String.raw`stage=$1; shift
snapshot() {
  for pause in 0.1 0.2 0.5 1 2 2 2; do
    said=$(mount -t zfs -o ro "$1" "$2" 2>&1) && return
    case $said in *busy*) sleep "$pause" ;; *) break ;; esac
  done
  printf '%s\n' "$said" >&2
  return 1
}
bind() { if [ -d "$1" ]; then mkdir "$stage/$2"; else : >"$stage/$2"; fi && mount --bind "$1" "$stage/$2"; }
mount -t tmpfs -o mode=700,nosuid,nodev tmpfs "$stage" || exit ${BIND_FAILED}
while [ "$1" != -- ]; do
  case $1 in
    zfs) mkdir "$stage/$3" && snapshot "$2" "$stage/$3" ;;
    bind) bind "$2" "$3" ;;
    hold) [ ! -e "$2" ] || bind "$2" "$3" ;;
    over) mount --bind "$stage/$2" "$3" ;;
    keep) [ ! -e "$stage/$2" ] || [ ! -e "$3" ] || mount --bind "$stage/$2" "$3" ;;
    *) false ;;
  esac || exit ${BIND_FAILED}
  shift 3
done
shift
exec "$@"`;

/** Directories that every system has; no program that is run here uses them, but somebody might keep something there. */
const STAGES = ['/dev/shm', '/mnt', '/media', '/srv'] as const;

/** Where nothing is that the program needs. */
export function stageFor({ covers, kept }: MountView, needed: readonly string[]): string {
  const paths = [...covers.map(({ over }) => over), ...kept, ...needed];
  const sources = covers.flatMap(({ from }) => ('path' in from ? [from.path] : []));
  const free = (stage: string): boolean =>
    [...paths, ...sources].every((path) => !isWithin(stage, path) && !isWithin(path, stage));
  return STAGES.find(free) ?? STAGES[0];
}

/** The argv that runs `argv` with that view. As root only. `needed`: what else it opens. */
export function inMountView(view: MountView, needed: readonly string[], argv: Argv): Argv {
  const { covers, kept } = view;
  const sources = [...new Map(covers.map(({ from }) => [keyOf(from), from])).values()];
  const place = (from: Cover['from']): string => String(sources.findIndex((each) => keyOf(each) === keyOf(from)));
  const hidden = kept.filter((path) => covers.some(({ over }) => isWithin(over, path)));
  const triples = [
    ...sources.map((from) => ('zfs' in from ? ['zfs', from.zfs, place(from)] : ['bind', from.path, place(from)])),
    ...hidden.map((path, index) => ['hold', path, `kept${index}`]),
    ...covers.map(({ from, directory, over }) => [
      'over',
      directory === '' ? place(from) : `${place(from)}/${directory}`,
      over,
    ]),
    ...hidden.map((path, index) => ['keep', `kept${index}`, path]),
  ].flat();
  const stage = stageFor(view, needed);
  const namespace: Argv = ['unshare', '--mount', '--propagation', 'private'];
  return [...namespace, 'sh', '-c', SCRIPT, 'sh', stage, ...triples, '--', ...argv];
}

const keyOf = (from: Cover['from']): string => ('zfs' in from ? `zfs ${from.zfs}` : `path ${from.path}`);
