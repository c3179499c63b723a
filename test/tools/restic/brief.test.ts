import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import type { ResticAccess } from '../../../src/tools/restic/access.ts';
import { resticConfig } from '../../../src/tools/restic/cat-config.ts';
import { resticFind } from '../../../src/tools/restic/find.ts';
import { resticInit } from '../../../src/tools/restic/init.ts';
import type { ResticOptions } from '../../../src/tools/restic/invoke.ts';
import { resticLocks } from '../../../src/tools/restic/locks.ts';
import { resticSnapshots } from '../../../src/tools/restic/snapshots.ts';
import { resticUnlock } from '../../../src/tools/restic/unlock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { accessTo } from './support.ts';

/** One that is called and never says anything. */
function hanging(directory: string): ResticAccess {
  const program = join(directory, 'restic');
  writeFileSync(program, '#!/bin/sh\nexec sleep 900\n');
  chmodSync(program, 0o755);
  return accessTo(join(directory, 'repository'), { program });
}

const BRIEF: Readonly<
  Record<string, (access: ResticAccess, options: Pick<ResticOptions, 'signal' | 'timeout'>) => Promise<unknown>>
> = {
  'list the snapshots of': (access, options) => resticSnapshots(access, {}, options),
  'open the repository': resticConfig,
  'list the locks of': resticLocks,
  'clear the stale locks of': resticUnlock,
  'initialise the repository': resticInit,
};
const forever = new AbortController().signal;

describe('a restic that hangs', () => {
  for (const [operation, call] of Object.entries(BRIEF)) {
    it(`is given five minutes to ${operation}, and its error says who did not answer`, async (t) => {
      using directory = temporaryDirectory();
      const access = hanging(directory.path);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const called = call(access, { signal: forever });
      t.mock.timers.tick(duration(5, 'm'));
      await assert.rejects(called, (error) => {
        assert.ok(error instanceof HoldfastError);
        assert.deepEqual([error.code, error.operation, error.subject], ['timed-out', operation, 'nas']);
        assert.equal(error.message, `restic (${access.program}) did not answer within 5m`);
        assert.doesNotMatch(error.hint ?? '', /above|`timeout`/);
        return true;
      });
    });
  }

  it('is given less where its caller says so', async () => {
    using directory = temporaryDirectory();
    const options = { signal: forever, timeout: duration(200, 'ms') };
    await assert.rejects(resticSnapshots(hanging(directory.path), {}, options), /did not answer within 200ms/);
  });

  it('has the time that it may wait for a lock on top', async (t) => {
    using directory = temporaryDirectory();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const called = resticSnapshots(hanging(directory.path), { retryLock: duration(10, 'm') }, { signal: forever });
    t.mock.timers.tick(duration(15, 'm'));
    await assert.rejects(called, /did not answer within 15m/);
  });

  it('has all the time of the world for what may take hours', async (t) => {
    using directory = temporaryDirectory();
    const stop = new AbortController();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const called = resticFind(hanging(directory.path), { patterns: ['*'] }, { signal: stop.signal });
    t.mock.timers.tick(duration(10, 'h'));
    stop.abort(new Error('that is enough'));
    await assert.rejects(called, /that is enough/);
  });
});
