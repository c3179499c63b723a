// Whether a restored server is good: every page, every index and every row of it is read, and the queries of its service are asked.

import type { ServiceConfig, ValidatorConfig } from '../../config/configuration.ts';
import { type Duration, duration } from '../../domain/duration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { clientSetting } from '../../tools/postgresql/live-server.ts';
import { argvAs } from '../../tools/util-linux/as-user.ts';
import { IDLE_LIMIT, type ProcessResult, runProcess } from '../../process/run-process.ts';
import type { Validation } from '../validators/restored.ts';
import { subjectOf } from '../validators/validate.ts';
import { type PrivateServer, postmasterOf } from './private-server.ts';
import type { Restored } from './recovered-cluster.ts';

export interface Looked {
  readonly validations: readonly Validation[];
  /** What was found wrong, in sentences. */
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  /** What was read: `indexes`, `rows`, `pages`. */
  readonly read: readonly string[];
  /** Nothing is left that could be read: a server without checksums has no pages that could be held against them. */
  readonly all: boolean;
}

/** A query may never end. */
const QUERY_LIMIT = duration(1, 'h');
const MOST_LINES = 20;

/** Stops the server: pages are only read where nobody writes them. */
export async function lookThrough(
  { service }: { readonly service: ServiceConfig },
  server: PrivateServer,
  restored: Restored & { readonly data: string },
  context: StepContext,
): Promise<Looked> {
  const { programs, directory, data } = restored;
  const { signal } = context;
  const problems: string[] = [];
  const lines: string[] = [];
  const read: string[] = [];
  const note = (what: string, told: string, { exitCode, stdout, stderrTail }: ProcessResult): void => {
    if (exitCode === 0) return void read.push(what);
    const said = [...stdout.split('\n').filter(Boolean), ...stderrTail];
    problems.push(`${told}: ${said[0] ?? `exit code ${exitCode}`}`);
    lines.push(...said.slice(0, MOST_LINES));
  };
  const postmaster = await postmasterOf(data);
  const idle = { limit: IDLE_LIMIT, also: postmaster === null ? [] : [postmaster] };
  const run = (argv: readonly [string, ...string[]], operation: string): Promise<ProcessResult> => {
    context.progress({ message: operation });
    return runProcess({ argv, operation, subject: service.name, ...clientSetting() }, { signal, idle });
  };
  if (await hasAmcheck(server, signal)) {
    const argv = server.client('pg_amcheck', '--all', '--install-missing', '--heapallindexed');
    note('indexes', 'tables and indexes do not fit together', await run(argv, 'check the indexes of'));
  } else context.warn('indexes were not held against their tables: pg_amcheck, or its extension, is not installed');
  const dump = server.client('pg_dumpall', '--no-sync', '--file=/dev/null');
  note('rows', 'not everything can be read', await run(dump, 'read every row of'));
  const validations: Validation[] = [];
  for (const validator of service.protection.validators) {
    if (validator.type !== 'sql' && service.backup !== null && !service.backup.serverCopy) continue; // of its files, which have drills of their own
    context.progress({ message: `validating: ${validator.type} ${subjectOf(validator)}` });
    validations.push(await validate(validator, server, signal)); // oxlint-disable-line no-await-in-loop -- in the order of the configuration
  }
  await server.stop();
  const checksums = programs.find('pg_checksums');
  if (directory.control.checksums && checksums !== null)
    note(
      'pages',
      'pages are damaged',
      await run(argvAs(directory.owner, checksums, '--check', '--pgdata', data), 'check the pages of'),
    );
  const owed = ['indexes', 'rows', ...(directory.control.checksums ? ['pages'] : [])];
  return { validations, problems, lines, read, all: owed.every((each) => read.includes(each)) };
}

async function hasAmcheck(server: PrivateServer, signal: AbortSignal): Promise<boolean> {
  try {
    server.client('pg_amcheck');
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'tool-missing') return false; // older ones have none
    throw error;
  }
  const [found] = await server.sql('postgres', "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'", { signal });
  return found === '1';
}

/** A database that is not there answers as a server that is not there does. */
const OF_THE_QUERY: ReadonlySet<ErrorCode> = new Set(['tool-failed', 'timed-out', 'source-missing']);

async function validate(
  validator: ValidatorConfig,
  server: PrivateServer,
  signal: AbortSignal,
  timeout: Duration = QUERY_LIMIT,
): Promise<Validation> {
  const { type } = validator;
  const subject = subjectOf(validator);
  if (validator.type !== 'sql')
    return { type, subject, ok: null, message: 'it looks at files, and this service keeps a server only', lines: [] };
  try {
    const answer = await server.sql(validator.database, validator.query, { signal, timeout });
    const ok = answer.length === 1 && (answer[0] === 't' || answer[0] === 'true');
    const said = answer.length === 0 ? 'no row' : answer.length === 1 ? answer[0] : `${answer.length} rows`;
    return { type, subject, ok, message: ok ? null : `the query answered ${said}, not true`, lines: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || !OF_THE_QUERY.has(error.code)) throw error;
    return { type, subject, ok: false, message: error.message, lines: [...(error.tool?.stderrTail ?? [])] };
  }
}
