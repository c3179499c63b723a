// Values of D-Bus as JSON: 64-bit numbers and bytes, which it does not have, are objects.

export const encode = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key: string, json: unknown) {
    const plain = this[key]; // bytes have become something else in `json`
    if (plain instanceof Uint8Array) return { $bytes: Buffer.from(plain).toString('hex') };
    return typeof json === 'bigint' ? { $integer: String(json) } : json;
  });

export const decode = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value) return Buffer.from(String(value.$bytes), 'hex');
    return '$integer' in value ? BigInt(String(value.$integer)) : value;
  });
