// The database server of a service that is backed up by dumps, before it starts. Dumps are loaded into a server that runs, so they come
// back after the start, by a person; what is seen to here is that no server begins anew where one was, and nobody notices.

import type { Configuration, DumpsConfig, ServiceConfig } from '../../config/configuration.ts';
import type { DumpFigure } from '../../domain/database-dumps.ts';
import type { Step } from '../../domain/plan.ts';
import { hintOf } from '../../domain/postgres-recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Json } from '../../lib/json.ts';
import type { Journal } from '../../journal/journal.ts';
import { figuresIn } from '../../sources/dumps/source.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';
import { observeScene } from '../layers/observe-scene.ts';
import { type MariadbDirectory, mariadbDirectory } from '../mariadb/data-directory.ts';
import { type DataDirectory, dataDirectory } from '../postgres/data-directory.ts';
import { whatHides } from './look-at-paths.ts';

interface Scene {
  readonly config: Configuration;
  readonly journal: Journal;
  readonly mounts: ObservedScene;
}

/**
 * What is known of the data of a server. `other`: it is there, and is another cluster than the one that was dumped last; `bare`: it has none of
 * the databases that were.
 */
export type ServerData =
  | { readonly kind: 'there' }
  | { readonly kind: 'other'; readonly is: string; readonly was: string }
  | { readonly kind: 'bare'; readonly had: readonly string[] }
  | { readonly kind: 'lost'; readonly why: string }
  /** `mayPass`: without a person. */
  | { readonly kind: 'unclear'; readonly why: string; readonly mayPass: boolean; readonly mend?: string | null };

export interface DumpedServerPlan {
  /** Null where its server has data, so that the rest is about its files. */
  readonly step: Step | null;
  readonly remarks: readonly string[];
}

/** A step that fails where the server has not its data, and for a service without files one that tells that it has. */
export async function dumpedServerStep(
  service: ServiceConfig,
  common: Omit<Step, 'title' | 'run'>,
  scene: Scene,
  signal: AbortSignal,
): Promise<DumpedServerPlan> {
  const { backup, name } = service;
  if (!backup?.dumps) return { step: null, remarks: [] };
  const foreseen = await look(service, scene, signal);
  const { kind } = backup.dumps;
  const reason = wordsOf(foreseen, kind);
  const advice = `if its databases are missing: holdfast restore ${name} --in-place`;
  if (isThere(foreseen) && backup.paths.length > 0)
    return { step: null, remarks: foreseen.kind === 'there' ? [] : [`${reason}; ${advice}`] };
  const step: Step = {
    ...common,
    title: `Recover the ${KINDS[kind]} server of ${name}`,
    foreseen: { service: name, action: isThere(foreseen) ? 'skip' : 'block', reason },
    ...(isThere(foreseen) ? {} : { doomed: true }),
    async run(context) {
      const mounts = await observeScene([], context.signal);
      const now = await look(service, { ...scene, mounts }, context.signal);
      if (!isThere(now)) throw refusal(service, now, kind);
      if (now.kind !== 'there') context.warn(advice);
      const found = wordsOf(now, kind);
      return { outcome: 'skipped', reason: found, result: { service: name, action: 'skip', reason: found } };
    },
  };
  return { step, remarks: [] };
}

const KINDS = { postgresql: 'PostgreSQL', mariadb: 'MariaDB' } as const;
const ANEW = {
  postgresql: 'make an empty cluster there (initdb, or pg_createcluster)',
  mariadb: 'make an empty server there (mariadb-install-db, as its user)',
} as const;

const isThere = ({ kind }: ServerData): boolean => kind === 'there' || kind === 'other' || kind === 'bare';

async function look(service: ServiceConfig, scene: Scene, signal: AbortSignal): Promise<ServerData> {
  const { dumps } = service.backup ?? {};
  if (!dumps) return { kind: 'there' };
  const { dataDir } = dumps.server;
  const [last] = scene.journal.evidence({ service: service.name, kind: 'backup', complete: true, limit: 1 });
  const source = last?.detail['source'];
  const seen =
    dumps.kind === 'mariadb'
      ? ofMariadb(await mariadbDirectory(dataDir), dataDir, figuresIn(source))
      : dataOf(await dataDirectory(dataDir, signal), dataDir, systemIdIn(source));
  if (seen.kind === 'there') return seen;
  const hidden = await whatHides(service, dataDir, scene, signal);
  return hidden === null ? seen : { ...hidden, kind: 'unclear', why: hidden.reason };
}

/** The files do not say which server it is. One that was made anew has none of the databases that were dumped last. */
function ofMariadb(directory: MariadbDirectory, dataDir: string, last: readonly DumpFigure[]): ServerData {
  switch (directory.state) {
    case 'valid': {
      const had = last.map(({ name }) => name).filter((name) => /^\w+$/.test(name)); // others are called differently there
      const bare = had.length > 0 && !had.some((name) => directory.names.includes(name));
      return bare ? { kind: 'bare', had } : { kind: 'there' };
    }
    case 'absent':
      return { kind: 'lost', why: `${dataDir}, the data of its MariaDB server, does not exist` };
    case 'empty':
      return { kind: 'lost', why: `${dataDir}, the data of its MariaDB server, is empty` };
    case 'partial':
      return { kind: 'unclear', why: `${dataDir}: ${directory.why}`, mayPass: false };
    case 'unknown':
      return { kind: 'unclear', why: `${dataDir}: ${directory.why}`, mayPass: true };
    default:
      return directory satisfies never;
  }
}

/** As openDumps put it there. */
function systemIdIn(source: Json | undefined): string | null {
  const server = typeof source === 'object' && source !== null && 'server' in source ? source['server'] : null;
  const id = typeof server === 'object' && server !== null && 'systemId' in server ? server['systemId'] : null;
  return typeof id === 'string' ? id : null;
}

/** `was`: the cluster that was dumped last; null where none is on record. */
export function dataOf(directory: DataDirectory, dataDir: string, was: string | null): ServerData {
  switch (directory.state) {
    case 'valid': {
      const { systemId } = directory.control;
      return was === null || was === systemId ? { kind: 'there' } : { kind: 'other', is: systemId, was };
    }
    case 'absent':
      return { kind: 'lost', why: `${dataDir}, the data of its PostgreSQL server, does not exist` };
    case 'empty':
      return { kind: 'lost', why: `${dataDir}, the data of its PostgreSQL server, is empty` };
    case 'partial':
      return { kind: 'unclear', why: `${dataDir}: ${directory.why}`, mayPass: false };
    case 'unknown':
      // it is a cluster, of a version whose programs are elsewhere: in a container
      return directory.cause?.code === 'tool-missing'
        ? { kind: 'there' }
        : { kind: 'unclear', why: `${dataDir}: ${directory.why}`, mayPass: true };
    default:
      return directory satisfies never;
  }
}

function wordsOf(data: ServerData, kind: DumpsConfig['kind']): string {
  if (data.kind === 'there') return `the data of its ${KINDS[kind]} server is there`;
  if (data.kind === 'other')
    return `its PostgreSQL server is another cluster (${data.is}) than the one that was dumped last (${data.was})`;
  if (data.kind === 'bare')
    return `its ${KINDS[kind]} server has none of the databases that were dumped last (${data.had.join(', ')})`;
  return data.why;
}

const refusal = ({ name, unit }: ServiceConfig, data: ServerData, kind: DumpsConfig['kind']): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'recover',
    subject: name,
    message: wordsOf(data, kind),
    hint:
      data.kind === 'lost'
        ? `Is its file system mounted? If the data is really gone: ${ANEW[kind]}, start ${unit ?? 'it'}, then: holdfast restore ${name} --in-place loads all of its databases, with its accounts.`
        : hintOf(data.kind === 'unclear' ? data : {}),
    retry: data.kind === 'unclear' && data.mayPass ? 'later' : 'never',
  });
