// The story of the demo, chapter by chapter. It decides nothing about backups: every copy and every restore is a plan that the
// commands make and run too.

import { mkdir, rm } from 'node:fs/promises';
import type { Configuration } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { stepId } from '../../domain/naming.ts';
import type { Report } from '../../domain/report.ts';
import { planInitialise } from '../../engine/repository/plan-initialise.ts';
import { planRun } from '../../engine/backup/plan-run.ts';
import { statusOf, type StatusReport } from '../../engine/status/status.ts';
import type { CliContext } from '../context.ts';
import { readJournal } from '../read-journal.ts';
import { renderStatus } from '../render-status.ts';
import { AWAY, makeConfiguration, NEAR } from './configuration.ts';
import { describeMeasured, measure } from './measure.ts';
import type { Narrator } from './narrator.ts';
import { checksumsOf } from './notes.ts';
import { copyTree } from './originals.ts';
import { runSilently, verify } from './plans.ts';
import { describeProof, grouped, type Proof } from './proof.ts';
import { type Originals, Recovery } from './recovery.ts';
import type { Scratch } from './scratch.ts';
import { makeServices } from './services.ts';

/** Filled while it is told, so that a story that ends early can say how far it came. */
export interface Story {
  /** The version of the server, or why there is none. */
  postgres: { readonly version: string } | { readonly missing: string } | null;
  readonly runs: Report[];
  readonly proofs: Proof[];
  status: StatusReport | null;
}

export const newStory = (): Story => ({ postgres: null, runs: [], proofs: [], status: null });

/** Throws PlanFailed when a plan does not succeed; what was not equal is in the proofs. */
export async function tellStory(cli: CliContext, scratch: Scratch, tell: Narrator, story: Story): Promise<void> {
  const { configuration, originals } = await loseEverything(cli, scratch, tell, story);
  await using recovery = new Recovery({ cli, configuration, scratch, originals });

  tell.chapter(`Recover from ${NEAR}, in place, and compare with what was lost`);
  for (const service of recovery.services) {
    const proof = await recovery.recover(service, NEAR); // oxlint-disable-line no-await-in-loop -- each is timed on its own
    story.proofs.push(proof);
    tell.verdict(proof.differences.length === 0, service, describeProof(proof));
  }
  tell.chapter(`Drill: restore from ${AWAY} into scratch, and compare again`);
  for (const service of recovery.services) {
    const proof = await recovery.drill(service, AWAY); // oxlint-disable-line no-await-in-loop -- each is timed on its own
    story.proofs.push(proof);
    tell.verdict(proof.differences.length === 0, service, describeProof(proof));
  }
  story.runs.push(...recovery.runs);
  await verifyAll(cli, configuration, tell, story);
  story.status = await statusNow(cli, configuration);
}

async function verifyAll(cli: CliContext, configuration: Configuration, tell: Narrator, story: Story): Promise<void> {
  tell.chapter('Verify: read every byte of both repositories');
  const report = await verify(cli, configuration);
  story.runs.push(report);
  for (const { id, repository, result } of report.steps) {
    if (repository === null || id !== stepId.scrub(repository)) continue;
    const bytes = describeBytes(Number(result?.['bytesRead']) as Bytes); // it counts bytes
    tell.verdict(true, repository, `${bytes}: every file is what its name says, and can be decrypted`);
  }
}

/** Chapters 1 to 4: what is left is two repositories, and what we remember of the originals. */
async function loseEverything(
  cli: CliContext,
  scratch: Scratch,
  tell: Narrator,
  story: Story,
): Promise<{ readonly configuration: Configuration; readonly originals: Originals }> {
  const { signal } = cli;
  tell.chapter('Make three small services');
  await using living = await makeServices(scratch, signal);
  const { paths, writer, shop } = living;
  story.postgres = typeof shop === 'string' ? { missing: shop } : { version: shop.cluster.version };
  const photos = await measure(Buffer.from(paths.photos));
  tell.line(`${describeMeasured(photos)}: odd names, a hard link, symlinks, modes`, 'photos');
  tell.line('a SQLite database that a program keeps writing to, all the while', 'notes');
  if (typeof shop === 'string') tell.line(`left out: ${shop}`, 'shop');
  else {
    const rows = shop.tables.reduce((sum, table) => sum + table.rows, 0);
    const { version } = shop.cluster;
    tell.line(`PostgreSQL ${version}, ${shop.tables.length} tables, ${grouped(rows)} rows, dumped by a hook`, 'shop');
  }

  tell.chapter('Declare them in holdfast.yaml, with two repositories');
  const configuration = await makeConfiguration(scratch, paths);
  story.runs.push(
    await runSilently(cli, configuration, (toolbox) =>
      planInitialise(configuration, [...configuration.repositories.values()], toolbox),
    ),
  );
  tell.line('onsite, on a disk, encrypted with a random password', NEAR);
  tell.line('offsite, on another medium, with a password of its own', AWAY);

  tell.chapter('Back up');
  const before = writer.committed();
  const run = await runSilently(cli, configuration, (toolbox) => planRun(configuration, { services: [] }, toolbox));
  story.runs.push(run);
  const written = writer.committed() - before;
  const copies = run.steps.filter((step) => step.stage === 'backup').length;
  tell.line(`${copies} copies in ${tookOf(run)}, each of them found in its repository`);
  tell.line(`${grouped(written)} more notes were written meanwhile`);

  tell.chapter('Destroy the data');
  await writer.stop();
  if (typeof shop !== 'string') await shop.cluster.stop();
  const committed = checksumsOf(paths.notes.database);
  const originals: Originals = {
    paths,
    photos: scratch.path('originals', 'photos'),
    notes: { committed, atLeast: before },
    shop: typeof shop === 'string' ? null : shop.tables,
  };
  await copyTree(paths.photos, originals.photos, signal);
  await Promise.all(
    [scratch.path('services'), scratch.path('postgresql')].map((path) => rm(path, { recursive: true, force: true })),
  );
  await mkdir(scratch.path('services'));
  const what = typeof shop === 'string' ? 'photos and notes' : 'photos, notes and the PostgreSQL server';
  tell.line(`rm -rf: ${what} are gone. What \`status\` says:`);
  tell.block('');
  tell.block(renderStatus(await statusNow(cli, configuration), { columns: tell.columns, colors: tell.colors }));
  return { configuration, originals };
}

async function statusNow(cli: CliContext, configuration: Configuration): Promise<StatusReport> {
  using journal = await readJournal(cli, configuration.stateDir);
  return statusOf({ config: configuration, services: [...configuration.services.values()], journal, now: cli.clock.now() });
}

function tookOf({ startedAt, endedAt }: Report): string {
  const milliseconds = endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt);
  return describeDuration(duration(milliseconds, 'ms'));
}
