// The page about the secrets: into which files they go on the new machine, and, if it is to hold them, what they are.

import { type Block, codes, type Text, text } from '../../lib/page/page.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Kit, KitSecret } from './kit.ts';
import { heading, inHome, secretFile } from './page-words.ts';

/** The secrets themselves, for a page that is to hold them; null for each that could not be read. */
export interface SecretValues {
  /** With what is secret in it. */
  readonly url: string;
  readonly password: string | null;
  readonly environment: Readonly<Record<string, string>> | null;
}

/** Whether the page itself holds it. */
export const isOnPage = ({ purpose }: Pick<KitSecret, 'purpose'>, values: SecretValues): boolean =>
  purpose === 'address' ||
  (purpose === 'password' && values.password !== null) ||
  (purpose === 'environment' && values.environment !== null);

export function secretsSection(kit: Kit, values: SecretValues | null): Block[] {
  const { reach } = kit;
  const password = secretFile(kit, 'password');
  const typedIn = kit.secrets.filter(({ purpose }) => purpose !== 'login' && !(values && isOnPage({ purpose }, values)));
  return [
    heading('4. The secrets'),
    {
      kind: 'paragraph',
      text:
        typedIn.length === 0
          ? ['They are on this page, and are written into files that only root can read.']
          : text`Each line with ${'cat'} waits for you to type or paste a secret: end it with Enter and then Ctrl-D. What is in the file already is kept. If something was mistyped, remove the file and type the line again.`,
    },
    ...(reach.urlHasSecret
      ? fileBlock(
          text`The address, with its password in place of ${'***'}: ${reach.url}`,
          inHome(secretFile(kit, 'address')),
          values ? [`printf '%s\\n' ${shellWord(values.url)}`] : null,
          [`export RESTIC_REPOSITORY_FILE=${inHome(secretFile(kit, 'address'))}`],
        )
      : [{ kind: 'commands', lines: [`export RESTIC_REPOSITORY=${shellWord(reach.url)}`] } as const]),
    ...environment(kit, values),
    ...fileBlock(
      text`The password of the repository, one line:`,
      inHome(password),
      values?.password === undefined || values.password === null ? null : [`printf '%s\\n' ${shellWord(values.password)}`],
      [`export RESTIC_PASSWORD_FILE=${inHome(password)}`],
    ),
  ];
}

function environment(kit: Kit, values: SecretValues | null): Block[] {
  const secret = kit.secrets.find(({ purpose }) => purpose === 'environment');
  if (!secret) return [];
  const file = inHome(secretFile(kit, 'environment'));
  const given = values?.environment;
  const names = secret.variables;
  const what =
    names === null
      ? text`The keys to the store, a line ${"NAME='value'"} for each (their names could not be read when this page was made):`
      : text`The keys to the store, a line for each, with its value between the quotes: ${codes(names.map((name) => `${name}=''`))}`;
  return fileBlock(
    what,
    file,
    given
      ? Object.entries(given).map(([name, value]) => `printf '%s\\n' ${shellWord(`${name}=${shellWord(value)}`)}`)
      : null,
    ['set -a', `. ${file}`, 'set +a'],
  );
}

/** `printing`: commands whose output is the secret; null where it is typed. */
function fileBlock(what: Text, file: string, printing: readonly string[] | null, then: readonly string[]): Block[] {
  const fill = printing === null ? [`cat >${file}`] : [`{ ${printing.join('; ')}; } >${file}`];
  return [
    { kind: 'paragraph', text: what },
    { kind: 'commands', lines: [`test -s ${file} || (umask 077; ${fill.join('; ')})`, ...then] },
  ];
}
