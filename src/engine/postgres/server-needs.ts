// What a server has to be set to so that pgBackRest can archive its log. Pure. Nothing of it is ever set here: it needs a restart, or
// is for its administrator to say.

import type { PostgresConfig } from '../../config/configuration.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import { archiveCommand } from './wanted-configuration.ts';

export interface ServerNeeds {
  /** SQL that makes it right; empty when it is. */
  readonly statements: readonly string[];
  /** One of them holds only after a restart. */
  readonly restart: boolean;
  /** What is not wrong, but worth knowing. */
  readonly remarks: readonly string[];
}

export function serverNeeds(postgres: PostgresConfig, state: ServerState): ServerNeeds {
  const set = (name: string, value: string): string => `ALTER SYSTEM SET ${name} = '${value.replaceAll("'", "''")}';`;
  const restarts = [
    ...(state.archiveMode === 'off' ? [set('archive_mode', 'on')] : []),
    ...(state.walLevel === 'minimal' ? [set('wal_level', 'replica')] : []),
  ];
  const reloads = archives(state.archiveCommand, postgres.stanza) ? [] : [set('archive_command', archiveCommand(postgres))];
  const within = postgres.archiveWithin === null ? null : postgres.archiveWithin / 1000;
  const late = within !== null && (state.archiveTimeout === 0 || state.archiveTimeout > within);
  return {
    statements: [...restarts, ...reloads],
    restart: restarts.length > 0,
    remarks: late
      ? [
          `archive_timeout is ${state.archiveTimeout === 0 ? 'off' : `${state.archiveTimeout} s`}: a file of the log that does not fill up is not archived within ${within} s (archiveWithin). ${set('archive_timeout', String(Math.max(30, Math.floor(within / 2))))}`,
        ]
      : [],
  };
}

/** Whoever wrote it may have put options, a path or a wrapper around it. */
const archives = (command: string, stanza: string): boolean =>
  /\bpgbackrest\b/.test(command) && /\barchive-push\b/.test(command) && command.includes(`--stanza=${stanza}`);
