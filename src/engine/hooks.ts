// A service's own commands around its backup. `after` runs whatever happened, also when Holdfast died in between: it is the
// undo of the effect that `before` is.

import type { Hook } from '../config/configuration.ts';
import { type Duration } from '../domain/duration.ts';
import type { EffectKind } from '../domain/effect.ts';
import type { StepContext } from '../domain/plan.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { runProcess } from '../process/run-process.ts';

export const HOOKS: EffectKind = {
  kind: 'hooks',
  async undo(payload, signal) {
    const { service } = payload;
    await runHooks(hooksOf(payload), 'after', typeof service === 'string' ? service : '', signal);
  },
};

/** Runs `before` in order; disposing runs `after` in order. Throws `hook-failed`; `after` runs in that case too. */
export const aroundHooks = (
  context: StepContext,
  service: string,
  hooks: { readonly before: readonly Hook[]; readonly after: readonly Hook[] },
): Promise<AsyncDisposable> => {
  if (hooks.before.length + hooks.after.length === 0) {
    return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
  }
  const after = hooks.after.map(({ argv, timeout }) => ({ argv: [...argv], timeout }));
  return context.hold(HOOKS.kind, { service, after }, () => runHooks(hooks.before, 'before', service, context.signal));
};

async function runHooks(hooks: readonly Hook[], when: string, service: string, signal: AbortSignal): Promise<void> {
  for (const hook of hooks) {
    const operation = `run the ${when} hook of`;
    // oxlint-disable-next-line no-await-in-loop -- in the order in which they are written
    const { exitCode, endedBy, stderrTail } = await runProcess(
      { argv: hook.argv, operation, subject: service, env: { HOLDFAST_SERVICE: service } },
      { signal, timeout: hook.timeout },
    );
    if (exitCode === 0) continue;
    throw new HoldfastError({
      code: 'hook-failed',
      operation,
      subject: service,
      message: `${hook.argv[0]} ${endedBy ? `was ended by ${endedBy}` : `exited with ${exitCode}`}`,
      hint: 'Run it by hand to see why; a hook that may fail should end with exit code 0.',
      tool: { name: hook.argv[0], exitCode, stderrTail },
    });
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
