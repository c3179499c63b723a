// The repositories of pgBackRest, as records and people call them: by their numbers in its configuration.

export const nameOfRepository = (key: number): string => `repo${key}`;

/** Null for what is no name of such a one. */
export function keyOfRepository(name: string): number | null {
  const [, key] = /^repo([1-9]\d{0,2})$/.exec(name) ?? [];
  return key === undefined ? null : Number(key);
}
