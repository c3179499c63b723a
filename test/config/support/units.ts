// Domain values for expectations.

import type { Bytes } from '../../../src/domain/bytes.ts';
import { duration, type Duration } from '../../../src/domain/duration.ts';

export const hours = (amount: number): Duration => duration(amount, 'h');
export const minutes = (amount: number): Duration => duration(amount, 'm');
export const bytes = (amount: number): Bytes => amount as Bytes;
export const gibi = (amount: number): Bytes => (amount * 2 ** 30) as Bytes;
