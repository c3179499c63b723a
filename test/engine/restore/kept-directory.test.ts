import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireKept } from '../../../src/engine/restore/kept-directory.ts';
import { NOBODY } from '../../support/cli.ts';
import { OWNER, ownDirectory, postgresDirectory } from '../../support/postgres.ts';

test(
  'a place is refused where somebody else could put another in its stead',
  { skip: process.getuid?.() !== 0 && 'who is not root is in no danger' },
  async () => {
    using temporary = postgresDirectory();
    const open = ownDirectory(join(temporary.path, 'open'));
    const inner = ownDirectory(join(open, 'inner'));
    await requireKept(inner, OWNER); // below a sticky /tmp
    chmodSync(open, 0o777);
    await assert.rejects(requireKept(inner, OWNER), { code: 'refused', message: `others may write into ${open}` });
    chmodSync(open, 0o1777);
    await requireKept(inner, OWNER);
    const foreign = join(temporary.path, 'foreign');
    mkdirSync(foreign);
    chownSync(foreign, NOBODY, NOBODY);
    await assert.rejects(requireKept(foreign, OWNER), { code: 'refused', message: /foreign belongs to user 54321/ });
  },
);
