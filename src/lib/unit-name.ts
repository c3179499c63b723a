// Names of systemd units, and patterns of them.

const TYPES = new Set([
  'service',
  'socket',
  'device',
  'mount',
  'automount',
  'swap',
  'target',
  'path',
  'timer',
  'slice',
  'scope',
]);

/**
 * A name or pattern without a suffix means a service. What follows the last dot is one when systemd knows it, or when it could
 * match one.
 */
export function withSuffix(name: string): string {
  const suffix = /\.([^.]*)$/.exec(name)?.[1] ?? '';
  return TYPES.has(suffix) || /[*?[\]]/.test(suffix) ? name : `${name}.service`;
}
