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

/** The unit that would mount a file system there, as `systemd-escape --path` names it. `path` is absolute and plain. */
export function mountUnit(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '');
  if (inner === '') return '-.mount';
  const bytes = [...Buffer.from(inner)];
  const escaped = bytes.map((byte, index) => {
    const char = String.fromCodePoint(byte);
    if (char === '/') return '-';
    return /[A-Za-z0-9:_]/.test(char) || (char === '.' && index > 0) ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `${escaped.join('')}.mount`;
}

/** The units of all mounts that may lie on the way to it, without the root. */
export function mountsOnTheWay(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return parts.map((_, index) => mountUnit(`/${parts.slice(0, index + 1).join('/')}`));
}
