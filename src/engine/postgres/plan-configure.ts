// The plan of `holdfast postgres configure`: pgBackRest is told what is declared, the server is looked at, the stanza is made where no
// repository has one, and the archiving is tried. Nothing that somebody else has written is changed, and `stanza-upgrade` is never run.

import { rm } from 'node:fs/promises';
import { stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext } from '../../domain/plan.ts';
import { replaceDurably } from '../../lib/durable-file.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { readIfThere } from '../../lib/private-file.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import { checkStanza, createStanza } from '../../tools/pgbackrest/stanza.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { type EngineService, pgBackRestOf, PROGRAM } from './access.ts';
import { configureSteps } from './barman/configure.ts';
import { dataDirectory } from './data-directory.ts';
import { writeDraft } from './configuration-draft.ts';
import { configuring } from './configuring.ts';
import { clusterIn } from './open-archive.ts';
import { type Comparison, compareConfiguration, differenceLines } from './compare-configuration.ts';
import { requireMounted } from './mounted.ts';
import { unmark } from './new-mark.ts';
import { requireNew } from './new-stanza.ts';
import { passphraseIn } from './passphrase.ts';
import { readConfiguration, recommendations } from './recommendations.ts';
import { serverNeeds } from './server-needs.ts';
import { askServer } from './server.ts';
import { tryPassphrases } from './try-passphrases.ts';
import { configurationFile, configurationText, wantedOptions } from './wanted-configuration.ts';

interface Wanted {
  readonly options: ReadonlyMap<string, string>;
  readonly comparison: Comparison;
}

export async function planConfigure(
  host: string,
  services: readonly EngineService[],
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<Plan> {
  const steps = await Promise.all(
    services.map((each) =>
      each.postgres.engine === 'barman-cloud' ? configureSteps(each, journal, signal) : stepsFor(each, journal, signal),
    ),
  );
  return { kind: 'postgres-configure', host, limits: {}, steps: steps.flat() };
}

async function stepsFor(server: EngineService, journal: Pick<Journal, 'evidence'>, signal: AbortSignal): Promise<Step[]> {
  const { service, postgres } = server;
  const common = configuring(server);
  const id = (what: string): string => stepId.server(what, service.name);
  const file = configurationFile(postgres);
  const wanted = postgres.repositories.length === 0 ? null : await wantedOf(server, file, signal);
  const advice = wanted === null ? await adviceFor(server, signal) : [];
  const gone = await dataIsGone(server, signal);
  const seen = gone ? { lines: [GONE], wrong: false } : await lookAtServer(server, signal);
  return [
    {
      ...common,
      id: id('configuration'),
      title: wanted ? `Write ${file}` : 'Use the configuration of pgBackRest that is there',
      foreseen: {
        lines: wanted
          ? differenceLines(wanted.comparison.differences)
          : ['services.*.postgres.repositories is not written: it stays as it is', ...advice],
      },
      doomed: wanted?.comparison.standing === 'foreign',
      run: async (context) => {
        for (const each of advice) context.warn(each);
        if (!wanted) return { outcome: 'skipped', reason: 'no repositories are declared for it: it stays as it is' };
        return await writeConfiguration(server, file, await wantedOf(server, file, context.signal), journal, context);
      },
    },
    {
      ...common,
      id: id('server'),
      title: `Look at the settings of the server of ${service.name}`,
      foreseen: { lines: seen.lines },
      doomed: seen.wrong,
      run: unlessGone(server, async (context) => {
        const found = await lookAtServer(server, context.signal);
        for (const each of found.remarks) context.warn(each);
        if (found.error) throw found.error;
        return { outcome: 'succeeded', result: { lines: found.lines } };
      }),
    },
    {
      ...common,
      id: id('stanza'),
      title: `Make the stanza ${postgres.stanza} where no repository has it`,
      needs: [id('configuration')],
      run: unlessGone(server, (context) => makeStanza(server, journal, context)),
    },
    {
      ...common,
      id: id('check'),
      title: 'Have a file of the log archived into every repository',
      needs: [id('server'), id('stanza')],
      run: unlessGone(server, async (context) => {
        await checkStanza(await pgBackRestOf(server, context.signal), { signal: context.signal });
        return { outcome: 'succeeded' };
      }),
    },
  ];
}

/** As on a new machine: what pgBackRest is told is needed to get it back, and nothing else can be seen to before. */
const GONE = 'its data is gone: get it back first (holdfast recover), then do this again';

async function dataIsGone({ postgres }: EngineService, signal: AbortSignal): Promise<boolean> {
  const { state } = await dataDirectory(postgres.dataDir, signal);
  return state === 'absent' || state === 'empty';
}

const unlessGone =
  (server: EngineService, run: Step['run']): Step['run'] =>
  async (context) =>
    (await dataIsGone(server, context.signal)) ? { outcome: 'skipped', reason: GONE } : await run(context);

/** For a configuration that is not ours to write. */
const adviceFor = async ({ postgres }: EngineService, signal: AbortSignal): Promise<string[]> =>
  recommendations(await readConfiguration(postgres), postgres.stanza, await pgBackRestVersion(PROGRAM, signal)).map(
    (each) => `recommended: ${each}`,
  );

async function wantedOf({ service, postgres }: EngineService, file: string, signal: AbortSignal): Promise<Wanted> {
  const version = await pgBackRestVersion(PROGRAM, signal);
  const passphrases = new Map<number, string>();
  for (const { key, cipherPassFile } of postgres.repositories)
    if (cipherPassFile !== null) passphrases.set(key, await passphraseIn(service.name, cipherPassFile));
  const options = wantedOptions(postgres, version, passphrases);
  return { options, comparison: compareConfiguration(readOr(service.name, file), postgres.stanza, options) };
}

function readOr(service: string, file: string): string | null {
  try {
    return readIfThere(file);
  } catch (error) {
    throw fileSystemFailure(error, 'read', file, `Run it as root: holdfast postgres configure ${service}`);
  }
}

async function writeConfiguration(
  server: EngineService,
  file: string,
  { options, comparison }: Wanted,
  journal: Pick<Journal, 'evidence'>,
  { signal }: StepContext,
): ReturnType<Step['run']> {
  const { service, postgres } = server;
  const { standing, differences } = comparison;
  const lines = differenceLines(differences);
  if (standing === 'same') return { outcome: 'succeeded', result: { file, lines: [] } };
  if (standing === 'foreign')
    throw failure(
      service.name,
      'refused',
      `${file} was not written by Holdfast, or was changed, and differs: ${lines.join('; ')}`,
      'Change it by hand so that it says that, or move it away; or take `repositories` out of the service, and it is used as it is.',
    );
  const { user } = await pgBackRestOf(server, signal);
  const draft = `${file}.holdfast-new`;
  try {
    await tryPassphrases(server, { file, options, comparison }, journal, signal);
    await writeDraft(draft, configurationText(postgres.stanza, options), user, signal);
    await replaceDurably(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw fileSystemFailure(error, 'write', file, 'Run it as root.');
  }
  return { outcome: 'succeeded', result: { file, lines } };
}

interface SeenServer {
  readonly lines: readonly string[];
  readonly remarks: readonly string[];
  readonly wrong: boolean;
  readonly error: HoldfastError | null;
}

/** What it says, in lines; an error is told by the step. */
async function lookAtServer(server: EngineService, signal: AbortSignal): Promise<SeenServer> {
  const { service, postgres } = server;
  try {
    const state = await askServer(server, signal);
    const { statements, restart, remarks } = serverNeeds(postgres, state);
    const elsewhere = state.dataDirectory !== postgres.dataDir;
    const hint = `As ${postgres.user}, in psql: ${statements.join(' ')} Then ${restart ? 'restart the server' : 'SELECT pg_reload_conf();'}`;
    const error = elsewhere
      ? failure(
          service.name,
          'config',
          `the server that answers keeps its data in ${state.dataDirectory}, not in ${postgres.dataDir}`,
          'Correct dataDir, or socket and port.',
        )
      : statements.length > 0
        ? failure(service.name, 'failed', 'the server does not archive its log into this stanza', hint)
        : null;
    const lines = [...statements, ...(restart ? ['(holds after a restart)'] : []), ...remarks];
    return { lines: lines.length > 0 ? lines : ['it is set as it has to be'], remarks, wrong: error !== null, error };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { lines: [error.message], remarks: [], wrong: true, error };
  }
}

/** Only where every repository answers, none has another cluster under that name, and none has lost what it held. */
async function makeStanza(
  server: EngineService,
  journal: Pick<Journal, 'evidence'>,
  { signal }: StepContext,
): ReturnType<Step['run']> {
  const { service, postgres } = server;
  for (const repository of postgres.repositories) await requireMounted(service.name, repository); // oxlint-disable-line no-await-in-loop -- a few
  const access = await pgBackRestOf(server, signal);
  const info = await pgBackRestInfo(access, { signal });
  const silent = info.repositories.find(({ state }) => state === 'other');
  if (silent)
    throw failure(
      service.name,
      'repository-unreachable',
      `repository ${silent.key}: ${silent.message}`,
      'Nothing is known about it, so nothing was made.',
    );
  const missing = info.repositories.filter(({ state }) => state === 'no-stanza');
  const held = info.repositories.flatMap(({ key }) => clusterIn(info, key) ?? []);
  const { systemId } = await askServer(server, signal);
  const other = held.find((cluster) => cluster.systemId !== systemId);
  if (other)
    throw failure(
      service.name,
      'refused',
      `repository ${other.repository} has the stanza ${postgres.stanza} of another cluster (${other.systemId}; the server is ${systemId})`,
      'Is the server a new one in the place of the old one? Its backups would expire those of the old one: give the new server a stanza of its own, or restore the old one.',
    );
  if (info.repositories.length > 0 && missing.length === 0) return { outcome: 'succeeded', result: { made: false } };
  await requireNew(server, info.repositories.length === 0 ? null : missing.map(({ key }) => key), journal);
  await createStanza(access, { signal });
  await unmark(postgres, access.user, signal);
  const after = await pgBackRestInfo(access, { signal });
  const still = after.repositories.find(({ state }) => state === 'no-stanza' || state === 'other');
  if (still || after.repositories.length === 0)
    throw failure(
      service.name,
      'failed',
      `the stanza is not there afterwards: ${still?.message ?? 'no repository'}`,
      'See the log of pgbackrest.',
    );
  return { outcome: 'succeeded', result: { made: true } };
}

const failure = (subject: string, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'configure pgbackrest for', subject, message, hint, retry: 'later' });
