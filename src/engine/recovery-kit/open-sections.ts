// The page up to the moment when the repository opens: what is needed, restic, the way there, the secrets, the right repository.

import { type Block, code, codes, joined, strong, type Text, text } from '../../lib/page/page.ts';
import { snapshotsByHand, typed } from '../../tools/restic/by-hand.ts';
import { RECOMMENDED_RESTIC } from '../../tools/restic/version.ts';
import type { Kit, KitSecret } from './kit.ts';
import { heading, minute, shortId } from './page-words.ts';
import { isOnPage, type SecretValues, secretsSection } from './secrets-section.ts';
import { waySection } from './way-section.ts';

export const openSections = (kit: Kit, values: SecretValues | null): Block[] => [
  ...needs(kit, values),
  ...program(kit),
  ...waySection(kit),
  ...secretsSection(kit, values),
  ...rightOne(kit),
];

function needs(kit: Kit, values: SecretValues | null): Block[] {
  return [
    heading('1. What you need'),
    {
      kind: 'list',
      items: [
        text`a machine with Debian 13 or newer, and as much disk as the data took`,
        text`the repository: ${kit.reach.url}`,
        ...kit.secrets.map((secret) => [
          ...WHAT[secret.purpose],
          ...(values && isOnPage(secret, values) ? [' (on this page)'] : []),
        ]),
      ],
    },
    {
      kind: 'table',
      head: ['Secret', `Where ${kit.host} had it`, 'Copies'],
      rows: kit.secrets.map((secret) => [[NAME[secret.purpose]], placeOf(secret), riskOf(secret)]),
    },
  ];
}

const WHAT: Readonly<Record<KitSecret['purpose'], Text>> = {
  login: ['the login to the place where the repository is'],
  address: ['the password in the address of the repository'],
  environment: ['the keys to the store (environment file)'],
  password: ['the password of the repository: ', strong('without it nothing can be read, by nobody')],
};

const NAME: Readonly<Record<KitSecret['purpose'], string>> = {
  login: 'login',
  address: 'address',
  environment: 'environment file',
  password: 'password',
};

function placeOf({ place, variables }: KitSecret): Text {
  switch (place.kind) {
    case 'file':
      return [code(place.path), ...(variables ? [' with ', ...codes(variables)] : [])];
    case 'command':
      return text`printed by ${place.command}`;
    case 'credential':
      return text`systemd credential ${place.name} (LoadCredential= of the unit that ran the backup)`;
    default:
      return ['in the configuration of Holdfast, as part of the address'];
  }
}

function riskOf({ backedUp, risk }: KitSecret): Text {
  const where = joined(
    backedUp.map(({ service, repositories }) => [code(service), ' in ', ...codes(repositories)]),
    ', ',
  );
  if (risk === 'locked-in')
    return [
      strong('None that is of use: '),
      'it is backed up (',
      ...where,
      '), behind itself. Keep one outside of all this',
    ];
  if (risk === 'elsewhere') return ['In the snapshots of ', ...where, '. Keep one outside of all this too'];
  return ['None that Holdfast knows of. ', strong('Keep one away from this host')];
}

function program({ services, restic }: Kit): Block[] {
  const sqlite = services.some(({ databases }) => databases.length > 0);
  const release = `restic_${RECOMMENDED_RESTIC}_linux_amd64`;
  const newer = restic.used === null ? text`` : text` The backups were last made with ${restic.used}.`;
  return [
    heading('2. A shell with restic'),
    {
      kind: 'paragraph',
      text: text`Become root (${'sudo -i'}) in ${'bash'}, and stay in this one shell until the end.`,
    },
    {
      kind: 'commands',
      lines: [
        'mkdir -p -m 700 "$HOME/recovery"',
        'command -v restic >/dev/null || { apt-get update && apt-get install -y restic; }',
        ...(sqlite ? ['command -v sqlite3 >/dev/null || apt-get install -y sqlite3'] : []),
        'restic version',
      ],
    },
    {
      kind: 'paragraph',
      text: [
        ...text`It must be ${restic.minimum} or newer.`,
        ...newer,
        ...text` If the system has only an older one, take it from https://github.com/restic/restic/releases, on a PC with an Intel or AMD processor like this (${'arm64'} in place of ${'amd64'} for ARM):`,
      ],
    },
    {
      kind: 'alternative',
      lines: [
        'apt-get install -y curl bzip2',
        typed(['curl -LO', `https://github.com/restic/restic/releases/download/v${RECOMMENDED_RESTIC}/${release}.bz2`]),
        `bunzip2 ${release}.bz2`,
        `install -m 755 ${release} /usr/local/bin/restic && hash -r`,
      ],
    },
  ];
}

function rightOne({ host, identity }: Kit): Block[] {
  const command: Block = { kind: 'commands', lines: [snapshotsByHand(host)] };
  if (identity === null)
    return [
      heading('5. The right repository'),
      { kind: 'paragraph', text: text`The list must show snapshots of ${host}. What its identity is could not be asked.` },
      command,
    ];
  return [
    heading('5. The right repository'),
    {
      kind: 'paragraph',
      text: text`restic must say ${`repository ${identity.id.slice(0, 8)} opened`}, and list snapshots of ${host}.`,
    },
    command,
    {
      kind: 'paragraph',
      text: text`The whole id is ${identity.id} (asked on ${[minute(identity.asOf)]}). Without the password a repository can be told by the names of the files in its directory ${'keys'}; they begin with:`,
    },
    {
      kind: 'table',
      head: ['Key', 'Made', 'By', ''],
      rows: identity.keys.map(({ id, created, user, host: where, current }) => [
        [shortId(id)],
        [created.slice(0, 10)],
        [code(`${user}@${where}`)],
        [current ? 'this password opens it' : ''],
      ]),
    },
  ];
}
