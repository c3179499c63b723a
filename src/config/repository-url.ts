// What restic accepts as a repository, as far as the text alone tells.

import { normalPath } from '../lib/path.ts';

const SCHEMES = ['local', 'sftp', 'rest', 's3', 'b2', 'azure', 'gs', 'swift', 'rclone'] as const;

export const REPOSITORY_URL_RULE =
  'expected an absolute path or a restic URL that starts with sftp:, rest:, s3:, b2:, azure:, gs:, swift: or rclone:';

export function isRepositoryUrl(url: string): boolean {
  if (url.includes('\0') || url.includes('\n')) return false;
  if (url.startsWith('/') || url.startsWith('local:/')) return true;
  const scheme = schemeOf(url);
  return scheme !== null && scheme !== 'local' && url.length > scheme.length + 1;
}

/** The directory of a local repository, normalised; null for every other kind. */
export function localDirectory(url: string): string | null {
  const path = url.startsWith('local:') ? url.slice('local:'.length) : url;
  return path.startsWith('/') ? normalPath(path) : null;
}

/** The medium when none is written: what the URL makes certain, nothing more. */
export function mediumOf(url: string): string {
  const scheme = schemeOf(url);
  if (scheme === null || scheme === 'local') return 'disk';
  return scheme === 'sftp' || scheme === 'rest' ? 'server' : 'object-store';
}

export { contains, normalPath } from '../lib/path.ts';

function schemeOf(url: string): string | null {
  return SCHEMES.find((scheme) => url.startsWith(`${scheme}:`)) ?? null;
}
