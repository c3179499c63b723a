// Whether a copy is so much smaller than those before it that something was probably lost before it was made. Pure. One rule for
// what removes the earlier ones and for what brings the newest one back.

/** Less than half. */
export const isFarSmaller = (bytes: number, than: number): boolean => bytes * 2 < than;

/** Null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/** How many of the newest speak for "the newest": one odd run among three does not stop a job, one alone does. */
export const NEWEST = 3;

export interface SizedCopy {
  readonly id: string;
  readonly time: number;
  /** Null where it does not say. */
  readonly bytes: number | null;
}

export interface EarlierCopies<Copy extends SizedCopy> {
  /** All of them, newest first: the first is the one in question. */
  readonly copies: readonly Copy[];
  /** When earlier ones were last removed: after a flood of empty copies those before it still speak. Null: never. */
  readonly lastAppliedAt: number | null;
  /** A size that a person has confirmed. */
  readonly acceptedBytes: number | null;
}

/** Of those before it the newest that it is far smaller than; null where the newest copy is not abnormally small. */
export function beforeShrinking<Copy extends SizedCopy>({
  copies: [newest, ...earlier],
  lastAppliedAt,
  acceptedBytes,
}: EarlierCopies<Copy>): Copy | null {
  const bytes = newest?.bytes ?? null;
  if (bytes === null) return null;
  if (acceptedBytes !== null && !isFarSmaller(bytes, acceptedBytes)) return null;
  const known = lastAppliedAt === null ? [] : earlier.filter(({ time }) => time <= lastAppliedAt);
  const ordinary = [earlier.slice(0, NEWEST), earlier, known].map((some) => median(sizesOf(some)) ?? 0);
  if (!ordinary.some((size) => isFarSmaller(bytes, size))) return null;
  return earlier.find((copy) => copy.bytes !== null && isFarSmaller(bytes, copy.bytes)) ?? null;
}

export const sizesOf = (copies: readonly Pick<SizedCopy, 'bytes'>[]): number[] =>
  copies.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
