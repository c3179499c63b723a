// Every kind of effect that this Holdfast makes and knows how to undo.

import { SPOOL } from '../sources/sqlite.ts';
import { effectKinds } from './effects.ts';
import { HOOKS } from './hooks.ts';

export const EFFECT_KINDS = effectKinds([SPOOL, HOOKS]);
