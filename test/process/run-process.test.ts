import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { type Command, type ProcessOptions, runProcess } from '../../src/process/run-process.ts';

const shell = (script: string, changes: Partial<Command> = {}): Command => ({
  argv: ['sh', '-c', script],
  operation: 'test',
  subject: 'the runner',
  ...changes,
});
const calm = (changes: Partial<ProcessOptions> = {}): ProcessOptions => ({
  signal: new AbortController().signal,
  timeout: duration(30, 's'),
  ...changes,
});
const failure = async (promise: Promise<unknown>): Promise<HoldfastError> => {
  const error: unknown = await promise.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HoldfastError, String(error));
  return error;
};
const stopped = (message: string): HoldfastError =>
  new HoldfastError({ code: 'interrupted', operation: 'run', subject: 'SIGTERM', message });

/** False also for a zombie, which is gone but for its parent. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

test('output, exit code and the last lines of standard error come back', async () => {
  const result = await runProcess(shell('echo one; echo two; echo wrong >&2; exit 7'), calm());
  assert.deepEqual(result, { exitCode: 7, endedBy: null, stdout: 'one\ntwo\n', stderrTail: ['wrong'] });
});

test('a missing program is an error before anything is started', async () => {
  const error = await failure(runProcess({ argv: ['no-such-program-here'], operation: 'test', subject: 'x' }, calm()));
  assert.equal(error.code, 'tool-missing');
  assert.match(error.hint ?? '', /no-such-program-here/);
});

test('standard input is what was given, and empty otherwise', async () => {
  assert.equal((await runProcess({ ...shell(''), argv: ['cat'], stdin: 'in\0put' }, calm())).stdout, 'in\0put');
  assert.equal((await runProcess({ ...shell(''), argv: ['cat'] }, calm())).stdout, '');
});

test('a command that does not read its input is not an error', async () => {
  assert.equal((await runProcess({ ...shell('exit 0'), stdin: 'x'.repeat(1_000_000) }, calm())).exitCode, 0);
});

test('the environment is extended, and a variable can be taken away', async () => {
  process.env['HOLDFAST_TEST_GONE'] = 'there';
  try {
    const command = shell('echo "$ADDED-${HOLDFAST_TEST_GONE-gone}"', {
      env: { ADDED: 'yes', HOLDFAST_TEST_GONE: undefined },
    });
    assert.equal((await runProcess(command, calm())).stdout, 'yes-gone\n');
  } finally {
    delete process.env['HOLDFAST_TEST_GONE'];
  }
});

test('secrets are masked in output, in lines, in the tail and in errors', async () => {
  const secrets = ['hunter2 "x"'];
  const script = `printf '%s\\n' "$SECRET" '{"p":"hunter2 \\"x\\""}' https://me:pa55word@host/; printf '%s\\n' "$SECRET" >&2; sleep 60`;
  const seen: string[] = [];
  const env = { SECRET: secrets[0] };
  const done = shell(script.replace('; sleep 60', ''), { secrets, env });
  const result = await runProcess(done, calm({ onErrorLine: (line) => seen.push(line) }));
  assert.equal(result.stdout, '***\n{"p":"***"}\nhttps://me:***@host/\n');
  assert.deepEqual(result.stderrTail, ['***']);
  await runProcess(done, calm({ onLine: (line) => seen.push(line) }));
  assert.deepEqual(seen, ['***', '***', '{"p":"***"}', 'https://me:***@host/']);
  const late = await failure(runProcess(shell(script, { secrets, env }), calm({ timeout: duration(300, 'ms') })));
  assert.deepEqual(late.tool?.stderrTail, ['***']);
});

test('output for a parser arrives unchanged, while standard error is still masked', async () => {
  const result = await runProcess(
    shell('echo summary; echo summary >&2', { secrets: ['summary'] }),
    calm({ verbatim: true }),
  );
  assert.deepEqual([result.stdout, result.stderrTail], ['summary\n', ['***']]);
});

test('only the last lines of standard error are kept', async () => {
  const result = await runProcess(shell('seq 1 1000 >&2; echo >&2'), calm());
  assert.equal(result.stderrTail.length, 20);
  assert.equal(result.stderrTail.at(-1), '1000');
});

test('a very long single line of output arrives whole', async () => {
  const { stdout } = await runProcess(shell('head -c 9000000 /dev/zero | tr "\\0" x'), calm());
  assert.equal(stdout.length, 9_000_000);
});

test('a timeout ends the command, says so, and shows its last lines', async () => {
  const error = await failure(
    runProcess(shell('echo waiting for the disk >&2; sleep 60'), calm({ timeout: duration(300, 'ms') })),
  );
  assert.equal(error.code, 'timed-out');
  assert.match(error.message, /300ms/);
  assert.deepEqual(error.tool?.stderrTail, ['waiting for the disk']);
});

test('nothing is started after the signal was aborted', async () => {
  const error = await failure(runProcess(shell('exit 0'), calm({ signal: AbortSignal.abort(stopped('too late')) })));
  assert.equal(error.message, 'too late');
});

test('cancelling ends grandchildren too, and waits for them', async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const running = runProcess(
    shell('sh -c "sleep 60 & echo \\$!; wait" & echo $!; sleep 60 & echo $!; wait'),
    calm({
      signal: controller.signal,
      onLine: (line) => {
        if (pids.push(Number(line)) === 3) controller.abort(stopped('enough'));
      },
    }),
  );
  assert.equal((await failure(running)).message, 'enough');
  assert.equal(pids.length, 3);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('what ignores SIGTERM is killed after the grace time', async () => {
  const controller = new AbortController();
  let pid = 0;
  const running = runProcess(
    shell(`trap '' TERM; echo $$; while :; do sleep 60; done`),
    calm({
      signal: controller.signal,
      grace: duration(200, 'ms'),
      onLine: (line) => {
        pid = Number(line);
        controller.abort(stopped('enough'));
      },
    }),
  );
  await failure(running);
  assert.equal(isAlive(pid), false);
});

test('a grandchild that ignores SIGTERM and holds no pipe does not survive', async () => {
  let pid = 0;
  const script = `sh -c "trap '' TERM; echo \\$\\$; exec >&- 2>&-; while :; do sleep 60; done" & read -r _ < /dev/null; sleep 0.2`;
  await runProcess(shell(script), calm({ grace: duration(200, 'ms'), onLine: (line) => (pid = Number(line)) }));
  assert.ok(pid > 1);
  assert.equal(isAlive(pid), false);
});

test('a command that leaves a child behind with its pipes open still ends', async () => {
  const result = await runProcess(shell('sleep 60 & echo $!'), calm());
  assert.equal(result.exitCode, 0);
  assert.equal(isAlive(Number(result.stdout)), false);
});

test('a daemon that left the group does not hold up the result', async () => {
  const result = await runProcess(
    shell('setsid sleep 8 & echo $!; sleep 0.3'),
    calm({ grace: duration(200, 'ms'), timeout: duration(6, 's') }),
  );
  assert.equal(result.exitCode, 0);
});

test('the first cause wins: a command that fails while it is being cancelled was cancelled', async () => {
  const controller = new AbortController();
  const script = `trap 'echo failing >&2; exit 9' TERM; echo ready; while :; do sleep 0.05; done`;
  const options = calm({
    signal: controller.signal,
    timeout: duration(20, 's'),
    onLine: () => controller.abort(stopped('first')),
  });
  const error = await failure(runProcess(shell(script), options));
  assert.deepEqual([error.code, error.message], ['interrupted', 'first']);
});

test('a listener that throws ends the command with its error, not Holdfast', async () => {
  const options = calm({
    onLine: () => {
      throw stopped('the listener failed');
    },
  });
  const error = await failure(runProcess(shell('echo line; sleep 60'), options));
  assert.equal(error.message, 'the listener failed');
});

test('a command ended by a signal says which', async () => {
  const result = await runProcess(shell('kill -9 $$'), calm());
  assert.deepEqual([result.exitCode, result.endedBy], [null, 'SIGKILL']);
});

test(
  'the child ends when Holdfast itself is killed',
  { skip: findProgram('setpriv') === null && 'needs setpriv' },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-process-'));
    const stop = new AbortController();
    try {
      const ended = (async () => {
        for await (const event of watch(directory, { signal: stop.signal })) if (event.filename === 'ended') return;
      })();
      const module = join(import.meta.dirname, '../../src/process/run-process.ts');
      const script = `
      import { runProcess } from ${JSON.stringify(module)};
      await runProcess({ argv: ['sh', '-c', "trap 'echo > ended; exit' TERM; echo ready; while :; do sleep 0.05; done"],
        operation: 'test', subject: 'x', cwd: ${JSON.stringify(directory)} },
        { signal: new AbortController().signal, onLine: (line) => console.log(line) });`;
      const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(parent.stdout, 'data');
      parent.kill('SIGKILL');
      await ended;
    } finally {
      stop.abort();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

test('output that is to be read later waits in the pipe, with the command, and nothing of it is lost', async () => {
  const later = Promise.withResolvers<void>();
  const events: string[] = [];
  const lines: string[] = [];
  const ended = runProcess(
    shell('seq 1 5; echo ready >&2; seq 6 100000; echo done >&2'),
    calm({
      readAfter: later.promise,
      onLine: (line) => lines.push(line),
      onErrorLine: (line) => {
        events.push(`${line}, ${lines.length} read`);
        if (line === 'ready') setImmediate(() => later.resolve());
      },
    }),
  );
  assert.equal((await ended).exitCode, 0);
  assert.equal(events[0], 'ready, 0 read');
  assert.equal(lines.length, 100_000);
});

test('a command that has ended long before its output is read is read all the same, and stopping does not wait for that', async () => {
  const later = Promise.withResolvers<void>();
  const early = runProcess(shell('echo one; echo gone >&2'), calm({ readAfter: later.promise }));
  setTimeout(() => later.resolve(), 2500); // longer than a pipe may stay open after the command's end
  assert.equal((await early).stdout, 'one\n');
  const stop = new AbortController();
  const never = runProcess(shell('echo one; sleep 1000'), { signal: stop.signal, readAfter: new Promise(() => {}) });
  stop.abort(stopped('enough'));
  assert.equal((await failure(never)).message, 'enough');
  const held = runProcess(shell('echo one; setsid sleep 5 & exit 3'), calm({ readAfter: Promise.resolve() }));
  assert.deepEqual([(await held).exitCode, (await held).stdout], [3, 'one\n'], 'nor for who holds the pipe open');
});
