// Numbers with the thing that they count.

/** `1 file`, `1,204 files`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
