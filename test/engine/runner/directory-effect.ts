// An effect that is easy to look at: a directory that is made and must be removed.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import type { EffectKind } from '../../../src/domain/effect.ts';
import type { JsonObject } from '../../../src/lib/json.ts';

export const directoryEffect = {
  kind: 'directory',
  undo: async ({ path }: JsonObject): Promise<void> => {
    assert(typeof path === 'string');
    await rm(path, { recursive: true, force: true });
  },
} satisfies EffectKind;
