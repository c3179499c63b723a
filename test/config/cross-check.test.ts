import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, makeFolder, warningsOf } from './support/files.ts';

const services = (...lines: string[]): string => `${BASE}services:\n${lines.map((line) => `  ${line}\n`).join('')}`;
const repositories = (...lines: string[]): string =>
  `version: 1\nrepositories:\n${lines.map((line) => `  ${line}\n`).join('')}services: {app: {backup: {paths: [/srv/app]}}}\n`;

type Case = readonly [name: string, text: string, says: readonly string[]];

const ERRORS: readonly Case[] = [
  ['no repository at all is an error', 'version: 1\nrepositories: {}\n', ['2:1 repositories: there is no repository']],
  [
    'no repository is an error beside a service, also when there is a gate',
    'version: 1\nservices: {app: {backup: {paths: [/a]}}}\ngate: {default: {stages: [{name: A, units: [a.service]}]}}\n',
    ['repositories: there is no repository'],
  ],
  [
    'an unknown repository names the nearest',
    services('app: {backup: {paths: [/a], repositories: [nas, awy]}}'),
    ["8:51 services.app.backup.repositories[1]: there is no repository 'awy'; did you mean 'away'?"],
  ],
  [
    'an unknown repository in the short form is found',
    services('app: {backup: {paths: [/a], repository: tape}}'),
    ["services.app.backup.repository: there is no repository 'tape'; there is: nas, away"],
  ],
  [
    'an unknown repository in the defaults is told once, where it stands',
    `${services('a: {backup: {paths: [/a]}}', 'b: {backup: {paths: [/b]}}')}defaults: {repositories: [tape]}\n`,
    ["defaults.repositories[0]: there is no repository 'tape'"],
  ],
  [
    'an unknown repository is found in the other sections',
    `${services('a: {postgres: {engine: pgbackrest, dataDir: /pg, offsite: {repository: tape}}}')}offsite: {x: {from: tape, to: {restic: cloud}}}\nverification: {repositories: [tape]}\n`,
    ['services.a.postgres.offsite.repository', 'offsite.x.from', 'offsite.x.to.restic', 'verification.repositories[0]'],
  ],
  [
    'a repository that is copied into itself is an error',
    `${services('a: {backup: {paths: [/a]}}')}offsite: {x: {from: nas, to: {restic: nas}}}\n`,
    ['a repository cannot be copied into itself'],
  ],
  [
    'a repository that is named twice is an error',
    services('app: {backup: {paths: [/a], repositories: [nas, nas]}}'),
    ["'nas' is named twice"],
  ],
  [
    'repository and repositories together are an error',
    services('app: {backup: {paths: [/a], repositories: [nas], repository: away}}'),
    ['write either repository or repositories'],
  ],
  [
    'an unknown protection class names the nearest',
    services('app: {backup: {paths: [/a]}, protection: {class: critcal}}'),
    ["services.app.protection.class: there is no protection class 'critcal'; did you mean 'critical'?"],
  ],
  [
    'an unknown replication template is an error',
    `${services('a: {backup: {paths: [/a]}}')}replication: {zfs: {templates: {prod: {daily: 1}}, datasets: {tank/x: {template: prd}}}}\n`,
    ["there is no template 'prd'; did you mean 'prod'?"],
  ],
  [
    'a service without anything to back up is an error',
    services('app: {unit: app.service}'),
    ['8:3 services.app: nothing of it is backed up'],
  ],
  [
    'a backup without paths and databases is an error',
    services('app: {backup: {paths: []}}'),
    ['services.app.backup: nothing of it is backed up'],
  ],
  [
    'an ephemeral service with a backup is an error',
    services('app: {backup: {paths: [/a]}, protection: {class: ephemeral}}'),
    ["services.app.backup: its protection class 'ephemeral' keeps nothing"],
  ],
  [
    'an ephemeral service with a database engine is an error',
    services('app: {postgres: {engine: dump, dataDir: /pg}, protection: {class: ephemeral}}'),
    ['services.app.postgres: its protection class'],
  ],
  [
    'a database outside of the paths is an error',
    services('app: {backup: {paths: [/srv/app], databases: [{type: sqlite, path: /srv/application.db}]}}'),
    ["databases[0].path: the database is outside of the service's paths"],
  ],
  [
    'a dataset for snapshots that are switched off is an error',
    services('app: {backup: {paths: [/a], zfsDataset: tank/a, useSnapshots: false}}'),
    ['useSnapshots is false'],
  ],
  [
    'two services with one path are an error that names both',
    services('a: {backup: {paths: [/srv/app/]}}', 'b: {backup: {paths: [/srv//app]}}'),
    ['9:24 services.b.backup.paths[0]: the service a keeps the same path (holdfast.yaml:8)'],
  ],
  [
    'a path that is written twice is an error',
    services('a: {backup: {paths: [/srv/app, /srv/app/]}}'),
    ['this path is written twice'],
  ],
  [
    'a path that is excluded itself is an error',
    services("a: {backup: {paths: [/srv/app], exclude: ['/srv']}}"),
    ['declared and excluded'],
  ],
  [
    'a path inside of a repository is an error',
    services('a: {backup: {paths: [/mnt/nas/restic/data]}}'),
    ['this lies inside of the repository nas (/mnt/nas/restic)'],
  ],
  [
    'a path that is a repository is an error',
    services('a: {backup: {paths: [/mnt/nas/restic]}}'),
    ['this lies inside of the repository nas'],
  ],
  [
    'a repository inside of a service is an error',
    services('a: {backup: {paths: [/mnt]}}'),
    ['the repository nas (/mnt/nas/restic) lies inside of it'],
  ],
  [
    'two repositories at one place are an error',
    repositories('a: {url: /mnt/x, passwordFile: /p}', "b: {url: 'local:/mnt//x/', passwordFile: /p}"),
    ['4:7 repositories.b.url: the repository a is at the same place (holdfast.yaml:3)'],
  ],
  [
    'a repository inside of another is an error',
    repositories('a: {url: /mnt/x, passwordFile: /p}', 'b: {url: /mnt/x/b, passwordFile: /p}'),
    ['lie one inside of the other'],
  ],
  [
    'two primary repositories are an error',
    repositories('a: {url: /mnt/x, passwordFile: /p, primary: true}', 'b: {url: /mnt/y, passwordFile: /p, primary: true}'),
    ['repositories.b.primary: a is primary already'],
  ],
  [
    'a repository without a password is an error',
    repositories('a: {url: /mnt/x}'),
    ['repositories.a: where is its password?'],
  ],
  [
    'two passwords of one repository are an error',
    repositories('a: {url: /mnt/x, passwordFile: /p, credential: c}'),
    ['repositories.a.credential: only one of passwordFile and credential can hold'],
  ],
];

for (const [name, text, says] of ERRORS) test(name, async () => assertSays(await errorsOf(text), says));

const WARNINGS: readonly Case[] = [
  [
    'start-empty is told to have no effect where the service may never start empty',
    services('app: {backup: {paths: [/a]}, recover: {onFailure: start-empty}}'),
    ['services.app.recover.onFailure: start-empty has no effect without protection.allowEmptyStart: true'],
  ],
  ['no service at all is a warning', BASE, ['no service is declared']],
  [
    'a backup that is switched off is a warning',
    services('app: {backup: {enable: false, paths: [/a]}}'),
    ['8:18 services.app.backup.enable: the backup is switched off'],
  ],
  [
    'a service inside of another says that both keep it',
    services('all: {backup: {paths: [/srv]}}', 'app: {backup: {paths: [/srv/app]}}'),
    ['services.app.backup.paths[0]: it lies inside of /srv of the service all (holdfast.yaml:8): neither wins'],
  ],
  [
    'the inner service is named whichever is written first',
    services('app: {backup: {paths: [/srv/app]}}', 'all: {backup: {paths: [/srv]}}'),
    ["add to all: exclude: ['/srv/app']"],
  ],
  [
    'a path inside of another of the same service is a warning',
    services('app: {backup: {paths: [/srv, /srv/app]}}'),
    ['which is backed up anyway'],
  ],
  [
    'a password in a URL is a warning that does not repeat it',
    repositories("a: {url: 'rest:https://me:hunter2@host/x', passwordFile: /p}"),
    ['a password stands in the url'],
  ],
  [
    'a mount point that the repository is not below is a warning',
    repositories('a: {url: /mnt/x/restic, passwordFile: /p, mounted: /mnt/y}'),
    ['does not lie below /mnt/y'],
  ],
  [
    'a schedule that cannot keep the promise is a warning',
    services('a: {backup: {paths: [/a], frequency: weekly}}'),
    ['it runs weekly, but its newest copy may be at most 26h old'],
  ],
  [
    'a repository whose own schedule cannot keep the promise is a warning that names it',
    `version: 1
repositories: {near: {url: /r, passwordFile: /p}, far: {url: /q, passwordFile: /p, location: offsite, frequency: monthly}}
services: {a: {backup: {paths: [/a]}}}
`,
    ['it runs monthly into far, but its newest copy may be at most 2d 2h old'],
  ],
  [
    'a state directory inside of a service is a warning',
    services('a: {backup: {paths: [/var/lib]}}'),
    ['this contains /var/lib/holdfast'],
  ],
  [
    'a root directory that is to be read from a snapshot is a warning: it never is',
    services("app: {backup: {paths: [/], useSnapshots: true, exclude: ['/mnt/nas', '/var/lib/holdfast']}}"),
    ['no snapshot can be put in the place of /: it is read as it lives, and every run is partial'],
  ],
];

for (const [name, text, says] of WARNINGS) {
  test(name, async () => {
    const warnings = await warningsOf(text);
    assertSays(warnings, says);
    assert.doesNotMatch(warnings.join('\n'), /hunter2/);
    await accepted(text);
  });
}

const SOUND: readonly (readonly [name: string, text: string])[] = [
  [
    'gates over units that others made, without service and repository',
    'version: 1\ngate: {default: {stages: [{name: A, units: [a.service]}]}}\n',
  ],
  [
    'an inner path that the outer service excludes is fine',
    services("all: {backup: {paths: [/srv], exclude: ['/srv/app/']}}", 'app: {backup: {paths: [/srv/app]}}'),
  ],
  ['a repository that the service excludes is fine', services("all: {backup: {paths: [/mnt], exclude: ['/mnt/nas']}}")],
  [
    'names that only begin alike are no nesting',
    services('a: {backup: {paths: [/srv/app]}}', 'b: {backup: {paths: [/srv/app2, /mnt/nas/restic-notes]}}'),
  ],
  ['an ephemeral service without a backup is fine', services('a: {protection: {class: ephemeral}}')],
  [
    'an ephemeral service whose backup is switched off is fine',
    services('a: {protection: {class: ephemeral}, backup: {enable: false, paths: [/a]}}'),
  ],
  [
    'a mount point that is the repository itself is fine',
    repositories('a: {url: /mnt/x, passwordFile: /p, mounted: /mnt/x/}'),
  ],
  [
    'a database that is one of the paths is fine',
    services('a: {backup: {paths: [/srv/a.db], databases: [{type: sqlite, path: /srv/a.db}]}}'),
  ],
];

for (const [name, text] of SOUND) {
  test(name, async () => {
    assert.deepEqual(await errorsOf(text), []);
    assert.deepEqual(await warningsOf(text), []);
  });
}

test('a password file that everybody can read is a warning with the command that closes it', async () => {
  using folder = makeFolder();
  const file = folder.write("it's a password", 'secret\n');
  chmodSync(file, 0o644);
  const text = repositories(`a: {url: /mnt/x, passwordFile: "${file}"}`);
  assertSays(await warningsOf(text), [`chmod 600 '${file.replaceAll("'", String.raw`'\''`)}'`]);
  chmodSync(file, 0o640);
  assert.deepEqual(await warningsOf(text), []);
});

test('all problems are told together: those of the schema and those between sound parts', async () => {
  const text = `version: 1
repositories:
  nas: {url: /mnt/nas, passwordFle: /p}
  away: {url: /mnt/away, passwordFile: /p}
services:
  broken: {backup: {paths: [data]}}
  lost: {backup: {paths: [/a], repository: awy}}
  fine: {backup: {paths: [/b], repository: nas}}
verification: {schedule: nightly}
`;
  assertSays(await errorsOf(text), [
    "3:24 repositories.nas.passwordFle: unknown key 'passwordFle'; did you mean 'passwordFile'?",
    '6:29 services.broken.backup.paths[0]: expected an absolute path',
    "7:32 services.lost.backup.repository: there is no repository 'awy'; did you mean 'away'?",
    '9:16 verification.schedule: expected hourly',
  ]);
});

test('a repositories section that is broken as a whole does not make every reference unknown', async () => {
  assertSays(await errorsOf('version: 1\nrepositories: [nas]\nservices: {a: {backup: {paths: [/a], repository: nas}}}\n'), [
    'expected a map of repositories by name, found a list',
  ]);
});

test('a class that cannot be read is not also an unknown one', async () => {
  const use = 'services: {a: {backup: {paths: [/a]}, protection: {class: gold}}}\n';
  assertSays(await errorsOf(`${BASE}protectionClasses: {gold: {rpo: never}}\n${use}`), ['protectionClasses.gold.rpo']);
  assertSays(await errorsOf(`${BASE}protectionClasses: [gold]\n${use}`), [
    'expected a map of classes by name, found a list',
  ]);
});

test('an unknown key hides nothing of what stands beside it', async () => {
  const two = '{backup: {paths: [/srv/a], repository: awy}, foo: 1}';
  assertSays(await errorsOf(`${BASE}foo: 1\nx-own: {any: thing}\nservices:\n  a: ${two}\n`), [
    "unknown key 'foo'",
    "services.a.backup.repository: there is no repository 'awy'; did you mean 'away'?",
    "services.a.foo: unknown key 'foo'",
  ]);
});

test('a version that is meant and badly written does not hide the rest', async () => {
  const rest = `${BASE.replace(/^version.*\n/, '')}services:\n  a: {backup: {paths: [/srv/a], repository: awy}}\n`;
  const wrong = "services.a.backup.repository: there is no repository 'awy'";
  assertSays(await errorsOf(`version: "1"\n${rest}`), ['version: expected 1, found "1"', wrong]);
  assertSays(await errorsOf(rest), ["version: is missing: write 'version: 1'", wrong]);
  assertSays(await errorsOf(`version: 2\n${rest}`), ['version: expected 1, found 2']);
});
