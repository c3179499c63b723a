// Every kind of effect that this Holdfast makes and knows how to undo.

import { SNAPSHOT } from '../sources/snapshots/effect.ts';
import { SPOOL } from '../sources/sqlite.ts';
import { effectKinds } from './runner/effects.ts';
import { HOOKS } from './backup/hooks.ts';
import { HELD_TIMERS, LASTING_HOLD } from './gate/hold-timers.ts';
import { NEW_DATASET } from './migrate/new-dataset.ts';
import { DATASET_SWAP } from './migrate/swap-dataset.ts';
import { EMPTY_START_ALLOWED, STARTED_EMPTY } from './recover/empty-starts.ts';
import { RECEIVED } from './recover/sources/received.ts';
import { LOADING_MARIADB } from './mariadb/loading-database.ts';
import { PRIVATE_MARIADB } from './mariadb/private-server.ts';
import { PRIVATE_SERVER } from './postgres/private-server.ts';
import { UNFINISHED_PAGE } from './recovery-kit/write-page.ts';
import { NEW_REPOSITORY } from './repository/new-repository.ts';
import { PGBACKREST_PROCESSES } from './postgres/processes.ts';
import { CLOSED_DATABASE } from './postgres/dump/exchange.ts';
import { LOADING_DATABASE } from './postgres/restore-database.ts';
import { PROMOTION } from './restore/promote.ts';
import { STAGING } from './restore/staging.ts';
import { STOPPED_UNIT } from './restore/unit-effect.ts';

export const EFFECT_KINDS = effectKinds([
  SPOOL,
  SNAPSHOT,
  HOOKS,
  STAGING,
  PROMOTION,
  STOPPED_UNIT,
  NEW_REPOSITORY,
  HELD_TIMERS,
  LASTING_HOLD,
  UNFINISHED_PAGE,
  NEW_DATASET,
  DATASET_SWAP,
  EMPTY_START_ALLOWED,
  STARTED_EMPTY,
  RECEIVED,
  PGBACKREST_PROCESSES,
  PRIVATE_SERVER,
  LOADING_DATABASE,
  CLOSED_DATABASE,
  LOADING_MARIADB,
  PRIVATE_MARIADB,
]);
