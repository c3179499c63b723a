// A service's own commands around its backup. `after` runs whatever happened, also when Holdfast died in between: it is the
// undo of the effect that `before` is.

import type { Hook } from '../../config/configuration.ts';
import { type Duration, duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError, type ToolFailure } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { runProcess } from '../../process/run-process.ts';
import { secretsIn } from '../../repositories/secrets.ts';

export const HOOKS: EffectKind = {
  kind: 'after hooks',
  once: true,
  limit: (payload) => hooksOf(payload).reduce((sum, hook) => (sum + hook.timeout) as Duration, MARGIN), // both in milliseconds
  async undo(payload, signal) {
    const { service, secretFiles } = payload;
    const secrets = await secretsIn(Array.isArray(secretFiles) ? secretFiles.map(String) : [], signal);
    const setting = { service: typeof service === 'string' ? service : '', when: 'after', secrets } as const;
    await runEach(hooksOf(payload), setting, signal);
  },
};

/** Beyond the hooks' own timeouts: for ending them. */
const MARGIN = duration(1, 'm');

/**
 * Runs `before` in order; disposing runs `after` in order. Throws `hook-failed`; `after` runs in that case too. What the
 * files of `secretFiles` hold is masked in what hooks say.
 */
export const aroundHooks = (
  context: StepContext,
  service: string,
  hooks: { readonly before: readonly Hook[]; readonly after: readonly Hook[] },
  secretFiles: readonly string[],
): Promise<AsyncDisposable> => {
  if (hooks.before.length + hooks.after.length === 0) {
    return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
  }
  const after = hooks.after.map(({ argv, timeout }) => ({ argv: [...argv], timeout }));
  return context.hold(HOOKS.kind, { service, after, secretFiles }, async () => {
    if (hooks.before.length === 0) return;
    const secrets = await secretsIn(secretFiles, context.signal);
    await runHooks(hooks.before, { service, when: 'before', secrets }, context.signal);
  });
};

interface Setting {
  readonly service: string;
  readonly when: 'before' | 'after';
  readonly secrets: readonly string[];
}

/** In order; the first that fails ends it. */
async function runHooks(hooks: readonly Hook[], setting: Setting, signal: AbortSignal): Promise<void> {
  for (const hook of hooks) await runHook(hook, setting, signal); // oxlint-disable-line no-await-in-loop
}

/** All of them, whatever becomes of one, for each undoes something. Throws what failed first. */
async function runEach(hooks: readonly Hook[], setting: Setting, signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  for (const hook of hooks) {
    await runHook(hook, setting, signal).catch((error: unknown) => failures.push(error)); // oxlint-disable-line no-await-in-loop
  }
  if (failures.length > 0) throw failures[0];
}

/** What opens a repository, or is its storage's secret: a hook has no use for it and might print it. */
const OPENING =
  /^(?:RESTIC_(?:REPOSITORY|PASSWORD|FROM_|KEY_HINT|REST_)|AWS_(?:SECRET|SESSION)_|B2_ACCOUNT_KEY|AZURE_ACCOUNT_(?:KEY|SAS)|OS_PASSWORD|ST_KEY)/;

const withoutSecrets = (inherited: NodeJS.ProcessEnv): Record<string, undefined> =>
  Object.fromEntries(Object.keys(inherited).flatMap((name) => (OPENING.test(name) ? [[name, undefined]] : [])));

/** Throws `hook-failed`, also when it takes too long or is not there; the signal's reason when cancelled. */
async function runHook({ argv, timeout }: Hook, { service, when, secrets }: Setting, signal: AbortSignal): Promise<void> {
  const operation = `run the ${when} hook of`;
  const failed = (message: string, tool?: ToolFailure): HoldfastError =>
    new HoldfastError({
      code: 'hook-failed',
      operation,
      subject: service,
      message: `${argv[0]} ${message}`,
      hint: 'Run it by hand to see why; a hook that may fail should end with exit code 0.',
      retry: 'later',
      tool,
    });
  try {
    const { exitCode, endedBy, stderrTail } = await runProcess(
      { argv, operation, subject: service, secrets, env: { ...withoutSecrets(process.env), HOLDFAST_SERVICE: service } },
      { signal, timeout },
    );
    if (exitCode === 0) return;
    throw failed(endedBy ? `was ended by ${endedBy}` : `exited with ${exitCode}`, { name: argv[0], exitCode, stderrTail });
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    if (error.code === 'timed-out') throw failed(error.message, error.tool);
    if (error.code === 'tool-missing') throw failed('does not exist, or is not on PATH');
    throw error;
  }
}

/** The payload is what `aroundHooks` wrote: see there. */
function hooksOf(payload: JsonObject): Hook[] {
  const after = Array.isArray(payload['after']) ? payload['after'] : [];
  return after.flatMap((hook: { argv?: unknown; timeout?: unknown } | null) => {
    const argv = Array.isArray(hook?.argv) ? hook.argv.map(String) : [];
    const [program, ...args] = argv;
    return program === undefined ? [] : [{ argv: [program, ...args] as const, timeout: Number(hook?.timeout) as Duration }];
  });
}
