// The first page of a file of the log: it says which cluster wrote it.

/** Where the long header of a first page has it: after magic, flags, timeline, address, a rest and padding. */
const AT = 24;
const LONG_HEADER = 0x0002;

/** Above 2^53, hence a text; null for what is no such page. As this machine writes numbers, and the server that wrote it. */
export function systemIdIn(page: Buffer): string | null {
  if (page.length < AT + 8 || (page.readUInt16LE(0) & 0xff00) !== 0xd100 || (page.readUInt16LE(2) & LONG_HEADER) === 0)
    return null;
  return page.readBigUInt64LE(AT).toString();
}
