// The frame around the story: the folder, the first and the last words, the exit code, and the document for --json.

import { describeDuration, duration } from '../../domain/duration.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { formatInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { stopSignalOf } from '../../lib/interruption.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import type { CliContext } from '../context.ts';
import { renderReport } from '../render-report.ts';
import { renderStatus } from '../render-status.ts';
import { evidenceRows, renderEvidence } from './evidence-table.ts';
import { CHECKOUT, lookAround } from './look-around.ts';
import { type Narrator, narrator } from './narrator.ts';
import { PlanFailed } from './plans.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { newStory, type Story, tellStory } from './story.ts';

/** Exit code 0 only when every restored byte was compared and equal; 2 otherwise. */
export async function showDemo(cli: CliContext, keep: string | undefined): Promise<void> {
  const begin = performance.now();
  const startedAt = cli.clock.now();
  await requireRestic(cli.signal); // before a folder is made for nothing
  const tell = narrator(cli);
  const story = newStory();
  let failed: PlanFailed | null = null;
  let root = '';
  try {
    await using scratch = await openScratch(keep);
    root = scratch.root;
    tell.say('Back up, lose everything, get every byte back.');
    tell.say(`It all happens in ${root}, and nowhere else.`);
    failed = await outcomeOf(tellStory(cli, scratch, tell, story));
    tellEnd(tell, story, failed, scratch);
  } catch (error) {
    if (stopSignalOf(error) !== null && root !== '')
      cli.note(`\n${keep === undefined ? `${root} is removed.` : `What there is, is in ${root}.`}`);
    throw error;
  }
  const unequal = story.proofs.filter(({ differences }) => differences.length > 0);
  const good = failed === null && unequal.length === 0;
  const seconds = (performance.now() - begin) / 1000;
  const took = describeDuration(duration(seconds, 's'));
  const which =
    unequal.map(({ service, repository }) => `${service} from ${repository}`).join(', ') || 'not everything could be done';
  const sentence = good ? `Every byte came back. The whole story took ${took}.` : `NOT every byte came back: ${which}.`;
  tell.say('');
  tell.say(sentence);
  if (keep === undefined) tell.say(`${root} is removed.`);
  if (!good && cli.options.quiet) cli.err.write(`${failed ? renderReport(failed.report, cli.err) : ''}error: ${sentence}\n`);
  cli.exitCode = good ? EXIT.ok : EXIT.failed;
  if (!cli.options.json) return;
  const run = story.runs.find(({ kind }) => kind === 'run');
  cli.result('', {
    schemaVersion: 1,
    kind: 'demo',
    startedAt: formatInstant(startedAt),
    endedAt: formatInstant(cli.clock.now()),
    outcome: good ? 'succeeded' : 'failed',
    exitCode: cli.exitCode,
    seconds,
    directory: keep === undefined ? null : root,
    postgres: story.postgres,
    evidence: run ? evidenceRows(run, story.proofs) : [],
    proofs: story.proofs,
    status: story.status,
    runs: failed ? [...story.runs, failed.report] : story.runs,
  });
}

async function requireRestic(signal: AbortSignal): Promise<void> {
  const restic = process.env['HOLDFAST_RESTIC'] || 'restic';
  try {
    requireVersion(await resticVersion(restic, { signal }), restic);
  } catch (error) {
    const brought =
      error instanceof HoldfastError && ['tool-missing', 'tool-too-old'].includes(error.code) && CHECKOUT !== null;
    if (!brought) throw error;
    const { code, operation, subject, message, tool } = error;
    const hint = `Start the demo as ${CHECKOUT}/holdfast, which brings its own restic (scripts/setup), or install one.`;
    throw new HoldfastError({ code, operation, subject, message, tool, hint, cause: error });
  }
}

async function outcomeOf(story: Promise<void>): Promise<PlanFailed | null> {
  try {
    await story;
    return null;
  } catch (error) {
    if (error instanceof PlanFailed) return error;
    throw error;
  }
}

function tellEnd(tell: Narrator, story: Story, failed: PlanFailed | null, scratch: Scratch): void {
  const run = story.runs.find(({ kind }) => kind === 'run');
  if (failed) {
    tell.block('');
    tell.block(renderReport(failed.report, tell));
  }
  if (run && story.status) {
    tell.chapter('The evidence');
    tell.block(renderEvidence(evidenceRows(run, story.proofs)));
    tell.block('');
    tell.block(renderStatus(story.status, tell));
  }
  if (scratch.kept) {
    tell.say('');
    tell.say(`Everything is still in ${scratch.root}. To look around:`);
    tell.block(lookAround(scratch).join('\n'));
  }
}
