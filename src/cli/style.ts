// Colours by meaning, readable on light and dark backgrounds: only the terminal's own named colours, never on white or
// black text, and never the only carrier of a meaning.

import { styleText } from 'node:util';
import type { ReportedOutcome } from '../domain/outcome.ts';
import type { Output } from './context.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'strong' | 'plain';

const FORMATS = { good: 'green', warn: 'yellow', bad: 'red', dim: 'dim', strong: 'bold', plain: 'reset' } as const;

export const paint = (output: Pick<Output, 'colors'>, tone: Tone, text: string): string =>
  output.colors && tone !== 'plain' ? styleText(FORMATS[tone], text, { validateStream: false }) : text;

export const MARKS: Readonly<Record<ReportedOutcome, { readonly mark: string; readonly tone: Tone }>> = {
  succeeded: { mark: '✓', tone: 'good' },
  partial: { mark: '!', tone: 'warn' },
  failed: { mark: '✗', tone: 'bad' },
  'timed-out': { mark: '✗', tone: 'bad' },
  interrupted: { mark: '✗', tone: 'bad' },
  blocked: { mark: '✗', tone: 'bad' },
  skipped: { mark: '-', tone: 'dim' },
  planned: { mark: '·', tone: 'plain' },
  running: { mark: '…', tone: 'plain' },
};
