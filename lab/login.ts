// The environment that a command finds on a host: what a login as root would have, and nothing of ours.

const ENVIRONMENT = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'HOME=/root', 'USER=root', 'LANG=C.UTF-8'];

export const asLogin = (
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly [string, ...string[]] => [
  'env',
  '--ignore-environment',
  '--chdir=/root',
  ...ENVIRONMENT,
  ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
  ...argv,
];
