// Every kind of effect that this Holdfast makes and knows how to undo.

import { SPOOL } from '../sources/sqlite.ts';
import { effectKinds } from './effects.ts';
import { HOOKS } from './hooks.ts';
import { ENTRY_PROMOTION } from './promote-entries.ts';
import { PROMOTION } from './promote.ts';
import { STAGING } from './staging.ts';
import { STOPPED_UNIT } from './unit-effect.ts';

export const EFFECT_KINDS = effectKinds([SPOOL, HOOKS, STAGING, PROMOTION, ENTRY_PROMOTION, STOPPED_UNIT]);
