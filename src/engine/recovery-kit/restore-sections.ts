// The page from there on: each service in turn, starting them, the configuration, what is not in it.

import { configurationPath, configurationTag, jobTag } from '../../domain/naming.ts';
import { type Block, code, codes, joined, said, strong, type Text, text } from '../../lib/page/page.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { dumpByHand, restoreByHand, typed } from '../../tools/restic/by-hand.ts';
import { loadCommands } from './dump-commands.ts';
import type { Kit, KitOwner, KitPgBackRest, KitService, KitSnapshot } from './kit.ts';
import { amountOf, completeness, inHome, minute, shortId } from './page-words.ts';

export const restoreSections = (kit: Kit): Block[] => [
  { kind: 'heading', level: 2, text: ['6. The data'] },
  ...about(kit),
  ...kit.services.flatMap((service, index) => serviceSection(kit, service, index + 1)),
  ...starting(kit),
  ...configuration(kit),
  ...others(kit),
  ...afterwards(kit),
];

function about({ host, services }: Kit): Block[] {
  if (services.length === 0) return [{ kind: 'paragraph', text: ['No service is backed up into this repository.'] }];
  return [
    {
      kind: 'paragraph',
      text: text`The most urgent service comes first. ${'latest'} is the newest snapshot of ${host} at the moment when you type it, however old this page is. If it is much smaller than those before it (the list of section 5 shows sizes), or the damage that you recover from is already in it, take an older one: write its id in place of ${'latest'}.`,
    },
    {
      kind: 'paragraph',
      text: text`What stands in the place of restored data is renamed to ${'*.before'}, never deleted. If such a name is taken already, choose another. A restore that was interrupted goes on when its line is typed again. ${'systemctl stop'} may say that there is no such unit: that is well.`,
    },
  ];
}

function serviceSection(kit: Kit, service: KitService, number: number): Block[] {
  const { name, rto, newest } = service;
  const owed = rto === null ? service.class : `${service.class}, owed back within ${rto}`;
  return [
    { kind: 'heading', level: 3, text: [`6.${number} `, code(name), ` (${owed})`] },
    ...(newest === null ? [nothing(kit, name)] : []),
    { kind: 'list', items: factsOf(service) },
    { kind: newest === null && kit.answer.answered ? 'alternative' : 'commands', lines: commandsOf(kit, service) },
    ...afterRestore(service),
    ...byId(service),
  ];
}

const nothing = ({ answer, repository }: Kit, service: string): Block => ({
  kind: 'warning',
  text: answer.answered
    ? text`${repository} answered, and held no snapshot of ${service} when this page was made. See whether it does now.`
    : text`This host had no record of a snapshot of ${service} in ${repository}. See whether it holds one.`,
});

function factsOf({ paths, dumps, leftOut, newest, newestComplete }: KitService): Text[] {
  return [
    ...(dumps === null
      ? []
      : [[`Dumps of its ${dumps.kind === 'mariadb' ? 'MariaDB' : 'PostgreSQL'} server: `, code(dumps.place)] as Text]),
    ...(paths.length === 0 ? [] : [[`${paths.length === 1 ? 'Path' : 'Paths'}: `, ...codes(paths)] as Text]),
    ...(leftOut.length === 0 ? [] : [['Never backed up of it: ', ...codes(leftOut)]]),
    ...(newest === null ? [] : [['Newest on the day of this page: ', ...snapshotWords(newest)]]),
    ...(newestComplete === null || newestComplete.id === newest?.id
      ? []
      : [['Newest that is known to be complete: ', ...snapshotWords(newestComplete)]]),
  ];
}

function snapshotWords(snapshot: KitSnapshot): Text {
  const facts = [amountOf(snapshot), completeness(snapshot)].filter((each) => each !== '').join('; ');
  return [shortId(snapshot.id), ` of ${minute(snapshot.time)} (${facts})`];
}

function commandsOf({ host }: Kit, service: KitService): string[] {
  const { name, unit, databases, dumps, movedAside, excluded, paths } = service;
  const restore = restoreByHand({ snapshot: { host, tag: jobTag(name) }, target: targetOf(service), exclude: excluded });
  if (service.target === 'aside')
    return [restore, `ls -la ${targetOf(service)}`, ...(dumps === null ? [] : loadCommands(dumps, targetOf(service)))];
  return [
    // the server that they are loaded into may be what the unit is
    ...(unit === null || dumps !== null ? [] : [`systemctl stop ${shellWord(unit)} || true`]),
    ...movedAside.map(outOfTheWay),
    ...databases.map(withoutCompanions),
    restore,
    ...databases.map((path) => `sqlite3 ${shellWord(immutable(path))} 'PRAGMA integrity_check'`),
    ...(paths.length === 0 ? [] : [typed(['ls -la', ...paths.map(shellWord)])]),
    ...(dumps === null ? [] : loadCommands(dumps, '')),
  ];
}

/** A mount point cannot be renamed: what is in it stays, and is written over. */
const outOfTheWay = (path: string): string => {
  const word = shellWord(path);
  return typed([`[ ! -e ${word} ] ||`, `mountpoint -q ${word} ||`, `mv -T ${word} ${shellWord(`${path}.before`)}`]);
};

/** They belong to another state of the database, and would be applied to this one. */
const withoutCompanions = (path: string): string =>
  typed([`for f in ${shellWord(path)}{-wal,-shm,-journal}; do`, '[ ! -e "$f" ] || mv -T "$f" "$f.before"; done']);

const targetOf = ({ name, target }: Pick<KitService, 'name' | 'target'>): string => (target === 'live' ? '/' : inHome(name));

/** A look that leaves nothing beside the file. */
const immutable = (path: string): string => `file://${encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent)}?immutable=1`;

function afterRestore(service: KitService): Block[] {
  const { databases, dumps, hooks, owners, target, name, pgbackrest, paths } = service;
  const items: Text[] = [
    ...(target === 'live'
      ? []
      : [
          text`Parts of an operating system are among these paths: they are now below ${`$HOME/recovery/${name}`}. Compare (${'diff -r'}), and move what you need by hand.`,
        ]),
    ...(databases.length === 0 || target !== 'live'
      ? []
      : [text`${'sqlite3'} must say ${'ok'} for each database. They are consistent copies, and open as they are.`]),
    ...(dumps === null
      ? []
      : dumps.kind === 'mariadb'
        ? [
            text`The last lines load the dumps: a MariaDB server must run that has none of these databases. That a right to something that is not in the copy cannot be given is well; any other error is not. A database that lacks a table of another one is dropped, made and loaded again when that one is there. Then remove the dumps: ${'users.sql'} holds what passwords are checked with.`,
          ]
        : [
            text`The last lines load the dumps: a PostgreSQL server must run that has none of these databases (an empty cluster). That a role exists already is well; any other error is not. Then remove the dumps: ${'globals.sql'} holds what passwords are checked with.`,
          ]),
    ...ownersWords(owners),
    ...(pgbackrest === null ? [] : serverWords(pgbackrest, paths[0] ?? '', service.unit)),
    ...(hooks.length === 0
      ? []
      : [
          [
            'Before each backup this ran: ',
            ...codes(hooks),
            '. If it wrote a dump into these paths, the dump is restored now and still has to be loaded into its database.',
          ] as Text,
        ]),
  ];
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** What came back is what the server comes back from. */
function serverWords({ stanza, dataDir, user, cipherPassFile }: KitPgBackRest, path: string, unit: string | null): Text[] {
  const secret = cipherPassFile === null ? [] : text` (it was in ${cipherPassFile})`;
  return [
    text`This is the pgBackRest repository of a PostgreSQL server, and not yet the server. Install PostgreSQL of the same version and ${'pgbackrest'}; the data directory ${dataDir} must be empty, and belong to ${user}.`,
    [
      ...text`${'/etc/pgbackrest.conf'} must say, in lines of their own: ${'[global]'}, ${`repo1-path=${path}`}, ${`[${stanza}]`}, ${`pg1-path=${dataDir}`}. If pgBackRest has encrypted the repository, also below ${'[global]'}: ${'repo1-cipher-type=aes-256-cbc'} and ${'repo1-cipher-pass='} with its passphrase`,
      ...secret,
      ...text`: nothing comes out of it without. Let only root and the group of ${user} read the file.`,
    ],
    text`Then: ${`sudo -u ${shellWord(user)} pgbackrest --stanza=${shellWord(stanza)} restore`}. Only when that has ended well, start the server${unit === null ? [] : text`: ${`systemctl start ${shellWord(unit)}`}`}. It takes the log from there, and has everything that is in it.`,
  ];
}

/** Numbers are restored; which user has that number here is another question. */
function ownersWords(owners: readonly KitOwner[]): Text[] {
  const foreign = owners.filter(({ uid, gid }) => uid !== 0 || gid !== 0);
  return foreign.map(({ path, uid, user, gid, group }) => [
    ...text`${path} belongs to number ${uid}${user === null ? [] : text` (user ${user})`}, group ${gid}${group === null ? [] : text` (${group})`}.`,
    ...(user === null || uid === 0
      ? []
      : text` If ${`id ${user}`} says another number here, give the files to it: ${`chown -hR --from=${uid} ${shellWord(user)} ${shellWord(path)}`}`),
    ...(group === null || gid === 0
      ? []
      : text` For the group: ${`chown -hR --from=:${gid} :${shellWord(group)} ${shellWord(path)}`}`),
  ]);
}

function byId(service: KitService): Block[] {
  const chosen = service.newestComplete ?? service.newest;
  if (chosen === null) return [];
  const id = chosen.id.slice(0, 8);
  return [
    {
      kind: 'paragraph',
      text: text`The one of ${[minute(chosen.time)]} by its id, in place of ${'restic restore latest ...'}:`,
    },
    { kind: 'alternative', lines: [restoreByHand({ snapshot: id, target: targetOf(service), exclude: service.excluded })] },
  ];
}

/** Not of a server that still has to come out of what was restored: on a new machine its package has made one that would start. */
function starting({ services }: Kit): Block[] {
  const units = services.flatMap(({ unit, target, pgbackrest }) =>
    unit === null || target !== 'live' || pgbackrest !== null ? [] : [unit],
  );
  const heading: Block = { kind: 'heading', level: 2, text: ['7. Start'] };
  if (units.length === 0)
    return [
      heading,
      { kind: 'paragraph', text: ['Install what uses this data, and start it. No systemd unit was named for it.'] },
    ];
  return [
    heading,
    {
      kind: 'paragraph',
      text: text`Install what uses this data, if it is not there yet; then type these lines (again). What is not installed is passed over. ${'systemctl --failed'} shows what did not start, ${'journalctl -u UNIT -b'} why.`,
    },
    {
      kind: 'commands',
      lines: units.map((unit) => {
        const word = shellWord(unit);
        return typed([`if systemctl cat ${word} >/dev/null 2>&1; then`, `systemctl start ${word}; fi`]);
      }),
    },
  ];
}

function configuration({ host, configuration: held, reach }: Kit): Block[] {
  const command = dumpByHand({ host, tag: configurationTag }, configurationPath, inHome('configuration.yaml'));
  const notHeld =
    held === false
      ? text` When this page was made the repository held none.`
      : text` Whether the repository holds it was not known when this page was made.`;
  return [
    { kind: 'heading', level: 2, text: ['8. The configuration of this host, and Holdfast'] },
    {
      kind: 'paragraph',
      text: [
        ...text`Runs also store the configuration of Holdfast (no secret is in it).`,
        ...(held ? [] : notHeld),
        ...text` This gets it:`,
      ],
    },
    { kind: held ? 'commands' : 'alternative', lines: [command] },
    {
      kind: 'paragraph',
      text: text`Where Holdfast is installed, ${`holdfast bootstrap --from ${reach.urlHasSecret ? 'URL' : shellWord(reach.url)}`} does the same and puts it in place; then the next backup can run.`,
    },
  ];
}

function others({ others: list }: Kit): Block[] {
  if (list.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: ['9. What this page does not bring back'] },
    ...list.flatMap(({ service, why, byHand }): Block[] => [
      { kind: 'list', items: [text`${service}: ${said(why)}`] },
      ...(byHand.length === 0 ? [] : [{ kind: 'alternative', lines: byHand } as const]),
    ]),
  ];
}

function afterwards({ secrets }: Kit): Block[] {
  return [
    { kind: 'heading', level: 2, text: ['When all is well'] },
    {
      kind: 'paragraph',
      text: joined([
        ['Secrets that were typed in are still on this machine; remove them:'],
        [code('rm -r "$HOME/recovery"')],
        ['(look first: data that was not restored in place is there too). Make a new page as soon as backups run again.'],
        ...(secrets.some(({ risk }) => risk === 'locked-in')
          ? [[strong('And keep the secrets of section 1 somewhere else.')]]
          : []),
      ]),
    },
  ];
}
