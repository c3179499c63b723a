// Texts that receivers cut, refuse or turn into an attachment when they are longer: the end is left out, and it is said.

const MARK = '\n…';

/** At most so many characters, as JavaScript counts them (UTF-16 units), no surrogate pair torn. */
export function shortenTo(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text
    .slice(0, Math.max(0, length - MARK.length))
    .toWellFormed()
    .replace(/�$/, '')}${MARK}`;
}

/** At most so many bytes of UTF-8. */
export function shortenToBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const head = Buffer.from(text).subarray(0, Math.max(0, bytes - Buffer.byteLength(MARK)));
  return `${new TextDecoder().decode(head).replace(/�+$/, '')}${MARK}`;
}

/** The last so many bytes of UTF-8: of a log the end says more than its beginning. */
export function tailOfBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  return new TextDecoder().decode(whole.subarray(whole.length - bytes)).replace(/^�+/, '');
}
