// A pgBackRest repository that came out of its offsite copy alone, in a directory of its own: pgBackRest is told of nothing else, so
// that whatever is restored by it was in the copy, and nothing of it reaches the repository of production.

import { chmod, chown, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresConfig, RepositoryConfig, ServerCopy } from '../../config/configuration.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { resticRestore } from '../../tools/restic/restore.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { assertKnown } from '../drill/known.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import { requireSpace } from '../restore/destination.ts';
import { summarise } from '../restore/prove.ts';
import { giveAll } from '../restore/give-all.ts';
import { holdStaging } from '../restore/staging.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { passphraseIn } from './passphrase.ts';

export interface CopyOrder {
  readonly service: string;
  readonly postgres: PostgresConfig;
  readonly copy: ServerCopy;
  /** Where the copy is, and which one. */
  readonly repository: RepositoryConfig;
  readonly snapshot: Snapshot;
  /** How pgBackRest is called here. */
  readonly access: PgBackRest;
}

export interface CopiedRepository extends AsyncDisposable {
  /** Knows this one repository, as number 1. */
  readonly access: PgBackRest;
  /** How long it took to bring it here. */
  readonly seconds: number;
}

/** Below `scratch`, which the user of the server can get to. Throws `not-restored` where it did not come back whole. */
export async function holdCopiedRepository(
  order: CopyOrder,
  scratch: string,
  toolbox: Toolbox,
  context: StepContext,
): Promise<CopiedRepository> {
  const { snapshot, access } = order;
  if (snapshot.summary) await requireSpace(scratch, snapshot.summary.bytesProcessed, context.signal);
  const root = join(scratch, `.holdfast-copy-${context.runId}`);
  await using held = new AsyncDisposableStack();
  held.use(await holdStaging(context, root, { givenTo: access.user }));
  const begin = performance.now();
  const directory = join(root, 'repository');
  await mkdir(directory, { mode: 0o700 });
  const cache = join(root, 'cache');
  await bringBack(order, directory, { ...toolbox, cache }, scratch, context);
  await rm(cache, { recursive: true, force: true }); // ours: its next owner could not remove it
  await giveAll(directory, access.user);
  await chmod(directory, 0o700);
  const configFile = join(root, 'pgbackrest.conf');
  await writeFile(configFile, await settings(order, root, directory), { mode: 0o600 });
  await give(configFile, access.user);
  await give(root, access.user);
  const seconds = (performance.now() - begin) / 1000;
  const staying = held.move();
  return { access: { ...access, configFile }, seconds, [Symbol.asyncDispose]: () => staying.disposeAsync() };
}

async function bringBack(
  order: CopyOrder,
  target: string,
  toolbox: Toolbox,
  scratch: string,
  context: StepContext,
): Promise<void> {
  const { snapshot, repository } = order;
  const [subpath] = snapshot.paths;
  if (subpath === undefined || snapshot.paths.length > 1)
    throw notCome(order, 'it is no copy of one directory, as those of a pgBackRest repository are');
  context.progress({ message: `restoring the repository from ${repository.name}` });
  const restic = await accessTo(toolbox, repository, context.signal);
  const { incomplete, errors } = await pastLocks(restic, context, (retryLock) =>
    resticRestore(
      restic,
      { snapshotId: snapshot.id, subpath, target, verify: true, retryLock },
      {
        signal: context.signal,
        onProgress: ({ bytesDone, bytesTotal, filesDone, filesTotal }) =>
          context.progress({ bytesDone, bytesTotal, filesDone, filesTotal }),
      },
    ),
  );
  if (!incomplete) return;
  await assertKnown(errors, repository, scratch, restic, context.signal);
  const told = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw notCome(order, `it did not come back whole: ${summarise(told.length > 0 ? told : ['restic did not say why'])}`);
}

const give = async (path: string, { uid, gid }: Owner): Promise<void> =>
  process.getuid?.() === 0 ? await chown(path, uid, gid) : undefined;

async function settings(order: CopyOrder, root: string, directory: string): Promise<string> {
  const { service, copy, postgres } = order;
  const encrypted = await isEncrypted(join(directory, 'backup', postgres.stanza, 'backup.info'), order);
  if (encrypted && copy.cipherPassFile === null)
    throw new HoldfastError({
      code: 'config',
      operation: 'open the copy of',
      subject: subjectOf(order),
      message: 'pgBackRest has encrypted what is in it, and Holdfast is not told where the passphrase is',
      hint: `Write it into a file, and name that: services.${service}.postgres.offsite.cipherPassFile. It stood in the configuration of pgBackRest (repo1-cipher-pass).`,
    });
  const cipher =
    encrypted && copy.cipherPassFile !== null
      ? ['repo1-cipher-type=aes-256-cbc', `repo1-cipher-pass=${await passphraseIn(service, copy.cipherPassFile)}`]
      : [];
  return [
    '[global]',
    `repo1-path=${directory}`,
    ...cipher,
    `lock-path=${join(root, 'lock')}`,
    `spool-path=${join(root, 'spool')}`,
    'log-level-file=off',
    `[${postgres.stanza}]`,
    `pg1-path=${postgres.dataDir}`,
    '',
  ].join('\n');
}

/** By how its first file begins: OpenSSL's word for what follows, or a section. */
async function isEncrypted(file: string, order: CopyOrder): Promise<boolean> {
  try {
    await using found = await open(file);
    const { buffer, bytesRead } = await found.read(Buffer.alloc(SALTED.length), 0, SALTED.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === SALTED;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw notCome(order, `it holds no backup.info of the stanza ${order.postgres.stanza}`);
  }
}
const SALTED = 'Salted__';

const subjectOf = ({ service, repository }: CopyOrder): string => jobName(service, repository.name);

export const notCome = (order: CopyOrder, message: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore the copy of',
    subject: subjectOf(order),
    message: `${order.snapshot.id.slice(0, 8)}: ${message}`,
    hint: `Try an older copy (--snapshot ID): \`holdfast snapshots ${order.service}\`. See what is wrong: \`holdfast verify ${order.repository.name} --data 100%\``,
    retry: 'later',
  });
