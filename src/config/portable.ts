// The configuration as one file that can be kept where others may read it one day: what was written, wherever it was written,
// under the host's name; services.d merged, defaults where they hold. No password is in it, only where one is found.

import type { Json } from '../lib/json.ts';
import { maskUrlPassword } from '../process/mask.ts';
import type { EffectiveEntries, EffectiveEntry } from './effective.ts';
import { explainedYaml } from './explain.ts';
import { formatPath, type KeyPath } from './problems.ts';

const MASK = '***';

/** Read again it comes to the same configuration, but for the secrets. */
export function portableText(entries: EffectiveEntries): string {
  const kept = entries.all.filter(isPortable).map(({ path, value }) => {
    const shown = mayHoldSecrets(path) ? masked(value) : value;
    return { path, value: shown, origin: '', isShort: JSON.stringify(shown) !== JSON.stringify(value) };
  });
  const short = kept.filter(({ isShort }) => isShort).map(({ path }) => formatPath(path));
  return [
    ...headerOf(entries),
    ...short.map((path) => `# ${path}: ${MASK} stands for a secret, which is not kept.`),
    '',
    explainedYaml(kept),
  ].join('\n');
}

/** What is built in follows from the rest again. The host's name does not: another machine has another. */
const isPortable = ({ path, origin }: EffectiveEntry): boolean =>
  origin.kind === 'written' || (path.length === 1 && path[0] === 'host');

/** Addresses, commands, and whatever is nobody's but its reader's. Nothing is ever taken for a secret in a path. */
const mayHoldSecrets = (path: KeyPath): boolean =>
  path.length === 1 || ['url', 'passwordCommand', 'hooks', 'validators', 'options', 'command'].includes(String(path.at(-1)));

const headerOf = ({ all }: EffectiveEntries): string[] => {
  const host = all.find(({ path }) => path[0] === 'host')?.value;
  return [
    `# The configuration of ${typeof host === 'string' ? host : ''}, as one file, kept by Holdfast in its repositories.`,
    '# No password is in it: those are in the files that it names, and must come from where you keep them. Addresses',
    '# of notifications are: keep it as you would keep those.',
    '# On a new machine this brings it back: holdfast bootstrap --from URL --password-file FILE',
  ];
};

function masked(value: Json): Json {
  if (typeof value === 'string') return maskText(value);
  if (isList(value)) return value.map((item, index) => (isSecretOption(value[index - 1]) ? MASK : masked(item)));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
  return value;
}

const SECRET_WORD = '(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key)';
/** `--password=x`, `PGPASSWORD=x`, `?token=x&`: not `--password-file=x`. */
const ASSIGNMENT = new RegExp(`(${SECRET_WORD}=)[^&\\s]+`, 'gi');
const HEADER = /\b((?:proxy-)?authorization:\s*(?:\w+\s+)?)\S+$/gi;
const OPTION = new RegExp(`^--?[\\w-]*${SECRET_WORD}$`, 'i');

const maskText = (text: string): string =>
  maskUrlPassword(text).replaceAll(ASSIGNMENT, `$1${MASK}`).replaceAll(HEADER, `$1${MASK}`);

/** The next word of a command is what it must not know: `--password`, `x`. */
const isSecretOption = (word: Json | undefined): boolean => typeof word === 'string' && OPTION.test(word);

// Array.isArray does not narrow readonly arrays.
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
