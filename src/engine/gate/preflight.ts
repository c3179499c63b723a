// What must hold before a gate starts anything: paths, repositories, the clock, where replication goes, systemd itself. All of
// it is looked at side by side, by children that can be killed, and all of it is told.

import type { Configuration, PreflightPath } from '../../config/configuration.ts';
import { describeBytes } from '../../domain/bytes.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed, parseInstant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import { PREFLIGHT, type Step, type StepContext } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { reachHost, type RemoteHost } from '../../tools/ssh/reach.ts';
import { isWritable, probePath } from '../../tools/util-linux/probe.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import type { Finding } from '../doctor/check.ts';
import { checkClock } from '../doctor/host-checks.ts';
import { REPOSITORY_LIMIT, repositoryChecks } from '../doctor/repository-checks.ts';
import type { Toolbox } from '../toolbox.ts';

/** A path may be asked several things, each of which may take 10 s to find that nobody answers. */
const LIMIT = duration(1, 'm');

export const pathStep = (place: PreflightPath): Step =>
  look('path', place.path, `Check ${place.path}`, async ({ signal }) => {
    const { path, minFree } = place;
    if (place.mounted && !(await mountPoints()).has(path)) {
      throw notReady(path, 'not-mounted', 'nothing is mounted there', `mount ${path}   findmnt ${path}`);
    }
    if ((await probePath(path, signal)) === null) {
      throw notReady(path, 'source-missing', 'it does not exist', 'Correct the path, or mount what it lies on.');
    }
    if (!(await isWritable(path, signal))) {
      throw notReady(
        path,
        'permission-denied',
        'it cannot be written',
        `See how it is mounted, and for whom: findmnt -T ${path}`,
      );
    }
    const free = await freeSpace(path, signal);
    if (minFree !== null && free < minFree) {
      const message = `${describeBytes(free)} are free, ${describeBytes(minFree)} are required`;
      throw notReady(path, 'no-space', message, 'Free space there, or lower minFree.');
    }
    return `${describeBytes(free)} free`;
  });

/** Every repository; a problem with one that no job of this gate uses is only warned about. */
export const repositorySteps = (config: Configuration, used: ReadonlySet<string>, toolbox: Toolbox): Step[] =>
  [...config.repositories].map(([name, repository]) => ({
    ...look('repository', name, `Check that ${name} can be used`, async (context) => {
      const clock = { now: () => context.now() };
      const only = { ...config, repositories: new Map([[name, repository]]) };
      const checks = repositoryChecks({ config: only, clock, restic: toolbox.restic, user: toolbox.user });
      const findings = await Promise.all(checks.map((check) => check.run(context.signal)));
      return tell(name, findings.flat(), context);
    }),
    repository: name,
    timeout: REPOSITORY_LIMIT,
    weight: used.has(name) ? ('critical' as const) : ('advisory' as const),
  }));

/** A clock that is wrong makes every age wrong: what is fresh, what is stale, what retention removes. */
export const clockStep = ({ journal }: Toolbox): Step =>
  look('host', 'clock', 'Check the clock', async (context) => {
    const newest = journal.runs({ limit: 2 }).find(({ id }) => id !== context.runId);
    const behind = elapsed(context.now(), parseInstant(newest?.startedAt ?? '') ?? context.now());
    if (behind > duration(1, 'm')) {
      throw notReady(
        'the clock',
        'failed',
        `it is ${describeDuration(behind)} behind the last run of Holdfast on this host`,
        'Set it: timedatectl set-ntp true. If the former time was wrong, go on after that much time has passed.',
      );
    }
    return tell('the clock', [checkClock(context.now())], context);
  });

export const targetStep = (name: string, host: RemoteHost): Step =>
  look('target', name, `Check that ${name} (${host.host}) answers`, async ({ signal }) => await reachHost(host, signal));

/** Why systemd cannot be asked: then no unit can be run. */
export const systemdStep = (trouble: HoldfastError | null): Step =>
  look('host', 'systemd', 'Check that systemd answers', () =>
    trouble ? Promise.reject(trouble) : Promise.resolve('it does'),
  );

/** Critical: one that fails, and nothing is started. `ask` answers with what is worth knowing. */
function look(kind: string, subject: string, title: string, ask: (context: StepContext) => Promise<string>): Step {
  return {
    id: stepId.preflight(kind, subject),
    title,
    stage: PREFLIGHT,
    weight: 'critical',
    timeout: LIMIT,
    run: async (context) => ({ outcome: 'succeeded', result: { detail: await ask(context) } }),
  };
}

/** What the doctor found, as a step: problems fail it, warnings are told. */
function tell(subject: string, findings: readonly Finding[], context: Pick<StepContext, 'warn'>): string {
  for (const { detail, fix } of findings.filter(({ health }) => health === 'warning'))
    context.warn(fix ? `${detail}: ${fix}` : detail);
  const problems = findings.filter(({ health }) => health === 'problem');
  if (problems.length === 0) return findings.map(({ detail }) => detail).join('; ');
  throw notReady(
    subject,
    'failed',
    problems.map(({ detail }) => detail).join('; '),
    problems.flatMap(({ fix }) => fix ?? []).join('  '),
  );
}

const notReady = (subject: string, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'get ready', subject, message, hint, retry: 'later' });
