import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frequencyProblem } from '../../src/config/schema/frequency.ts';
import { assertSays, BASE, errorsOf } from './support/files.ts';

/** A service's lines after the ordinary repositories. */
const service = (text: string): string => `${BASE}services:\n  app: ${text}\n`;
const repository = (text: string): string => `version: 1\nrepositories:\n  nas: ${text}\n`;
const GOOD = 'url: /mnt/restic, passwordFile: /run/password';

const CASES: readonly (readonly [name: string, text: string, says: readonly string[]])[] = [
  [
    'a misspelt key names the nearest one',
    service('{bakup: {paths: [/a]}, unit: a.service}'),
    ["8:9 services.app.bakup: unknown key 'bakup'; did you mean 'backup'?"],
  ],
  [
    'a key in another spelling is recognised',
    repository(`{${GOOD}, min_free: 5GB}`),
    ["unknown key 'min_free'; did you mean 'minFree'?"],
  ],
  [
    'a key that resembles none lists those that exist',
    repository(`{${GOOD}, limits: {zzz: 1}}`),
    ["unknown key 'zzz'; known here: upload, download"],
  ],
  [
    'each unknown key is a problem of its own',
    repository(`{${GOOD}, aaaa: 1, bbbb: 2}`),
    ['repositories.nas.aaaa', 'repositories.nas.bbbb'],
  ],
  [
    'a password in the file is refused without being repeated',
    repository('{url: /mnt/restic, password: hunter2}'),
    ['a secret never stands in the configuration'],
  ],
  [
    'a duration without a unit is refused',
    service('{backup: {paths: [/a], timeout: 45}}'),
    ['services.app.backup.timeout: expected a duration such as 90s, 45m, 26h or 7d, found the number 45'],
  ],
  ['a duration of months is refused', service('{backup: {paths: [/a], timeout: 2mo}}'), ["found '2mo'"]],
  [
    'a duration of nothing is refused',
    service('{backup: {paths: [/a], timeout: 0s}}'),
    ["expected a duration such as 90s, 45m, 26h or 7d, found '0s'"],
  ],
  [
    'a size without a unit is refused',
    repository(`{${GOOD}, minFree: 50}`),
    ['expected a size such as 500MB or 50GiB, found the number 50'],
  ],
  [
    'a rate without a time is refused',
    repository(`{${GOOD}, limits: {upload: 4MiB}}`),
    ["expected a rate such as 4MiB/s, found '4MiB'"],
  ],
  [
    'a percentage above a hundred is refused',
    `${BASE}verification: {checkDataSubset: 120%}\n`,
    ["expected a percentage from 0% to 100%, found '120%'"],
  ],
  [
    'a relative path is refused',
    service('{backup: {paths: [data, ./more]}}'),
    ["paths[0]: expected an absolute path, found 'data'", "paths[1]: expected an absolute path, found './more'"],
  ],
  ['a home directory is not expanded', service('{backup: {paths: [~/data]}}'), ["'~' is not expanded"]],
  [
    'a relative password file is refused',
    repository('{url: /mnt/restic, passwordFile: password}'),
    ['passwordFile: expected an absolute path'],
  ],
  [
    'a relative repository is refused',
    repository('{url: ./restic, passwordFile: /run/password}'),
    ['url: expected an absolute path or a restic URL'],
  ],
  [
    'a URL that restic does not know is refused, without its password',
    repository("{url: 'https://me:hunter2@host/x', passwordFile: /run/password}"),
    ["found 'https://me:***@host/x'"],
  ],
  [
    'a missing url is told where it is missing',
    repository('{passwordFile: /run/password}'),
    ['3:3 repositories.nas.url: is missing: expected an absolute path or a restic URL'],
  ],
  [
    'a name that is no file name is refused',
    `${BASE}services:\n  'a/b': {backup: {paths: [/a]}}\n`,
    ["'a/b' cannot be a name here"],
  ],
  [
    'a frequency that is none is refused',
    service('{backup: {paths: [/a], frequency: dayly}}'),
    [
      "expected hourly, daily, weekly, monthly or a systemd OnCalendar expression such as *-*-* 03:00, found 'dayly'; did you mean 'daily'?",
    ],
  ],
  [
    'a retention that keeps nothing is refused',
    service('{backup: {paths: [/a], retention: {daily: 0, tags: []}}}'),
    ['this retention keeps nothing'],
  ],
  [
    'a retention without any rule is refused',
    service('{backup: {paths: [/a], retention: {}}}'),
    ['this retention keeps nothing'],
  ],
  [
    'a negative count is refused',
    service('{backup: {paths: [/a], retention: {daily: 7, weekly: -1}}}'),
    ['expected a whole number of at least 0, found the number -1'],
  ],
  [
    'a word that is not one of a few names the nearest',
    repository(`{${GOOD}, location: off-site}`),
    ["expected one of onsite, offsite, found 'off-site'; did you mean 'offsite'?"],
  ],
  [
    'a hook as a shell line is refused',
    service("{backup: {paths: [/a], hooks: {before: ['systemctl stop x']}}}"),
    ['hooks.before[0]: expected a list with the program and its arguments'],
  ],
  [
    'an empty hook is refused',
    service('{backup: {paths: [/a], hooks: {after: [[]]}}}'),
    ['hooks.after[0]: expected a list with the program and its arguments'],
  ],
  [
    'a number in an argument list is refused',
    service('{backup: {paths: [/a], hooks: {before: [[/bin/sleep, 5]]}}}'),
    ['hooks.before[0][1]: expected text: quote numbers and true or false, found the number 5'],
  ],
  [
    'a mistake in the long form of a hook is told inside of it',
    service('{backup: {paths: [/a], hooks: {before: [{command: [/bin/true], timout: 5m}]}}}'),
    ["hooks.before[0].timout: unknown key 'timout'; did you mean 'timeout'?"],
  ],
  [
    'a placeholder that nobody fills is refused',
    `${BASE}notifications: {templates: {partial: {body: 'on \${dataset} of \${serviceNmae}'}}}\n`,
    ['unknown placeholder ${serviceNmae}; did you mean ${serviceName}?'],
  ],
  [
    'a placeholder that is not closed is refused',
    `${BASE}notifications: {templates: {partial: {title: 'lost \${'}}}\n`,
    ['unknown placeholder ${}'],
  ],
  [
    'a channel of an unknown kind is refused',
    `${BASE}notifications: {channels: {x: {type: telegraph, url: 'https://x'}}}\n`,
    [
      "expected a channel with type: ntfy, healthchecks, smtp, webhook, slack, discord, mattermost, matrix, telegram, pushover, gotify or command, found 'telegraph'",
    ],
  ],
  [
    'a template for an event that does not exist is refused',
    `${BASE}notifications: {templates: {backup-failed: {enable: false}}}\n`,
    ["unknown key 'backup-failed'; did you mean 'backup-failure'?"],
  ],
  [
    'an event that does not exist is refused',
    `${BASE}notifications: {channels: {x: {type: ntfy, url: 'https://x/y', events: [preseed-succes]}}}\n`,
    ["did you mean 'preseed-success'?"],
  ],
  [
    'quiet hours that are none are refused',
    `${BASE}notifications: {channels: {x: {type: ntfy, url: 'https://x/y', quietHours: '22-7'}}}\n`,
    ['expected a span such as 22:00-07:00'],
  ],
  [
    'a mistake in a channel is told for its kind',
    `${BASE}notifications: {channels: {x: {type: smtp, url: 'smtps://x'}}}\n`,
    ['notifications.channels.x.to: is missing'],
  ],
  [
    'a unit without its ending is refused',
    service('{unit: sonarr, backup: {paths: [/a]}}'),
    ['expected a systemd unit with its ending'],
  ],
  [
    'a unit that is a template is refused',
    service("{unit: 'postgresql@.service', backup: {paths: [/a]}}"),
    ['a template runs nothing by itself: name the instance'],
  ],
  [
    'a tag of our own kind is refused',
    service("{backup: {paths: [/a], tags: ['holdfast:job=x']}}"),
    ['expected a tag without a comma'],
  ],
  [
    'a map where there must be a list is told',
    service('{backup: {paths: {a: /a}}}'),
    ['expected a list, as in [first, second], found a map'],
  ],
  ['a service without a body is told', `${BASE}services:\n  app:\n`, ['services.app: expected a map, found nothing']],
];

for (const [name, text, says] of CASES) test(name, async () => assertSays(await errorsOf(text), says));

test('no problem repeats a secret', async () => {
  const errors = await errorsOf(repository("{url: 'ftp://me:hunter2@host', password: hunter2, environmentFile: 7}"));
  assert.equal(errors.length, 3);
  assert.doesNotMatch(errors.join('\n'), /hunter2/);
});

test('schedules have the shape of OnCalendar', () => {
  const good = [
    'hourly',
    'Mon',
    'daily',
    'weekly',
    'monthly',
    '*-*-* 03:00',
    '*:0/15',
    'Mon..Fri 22:30',
    'Sun *-*-1..7 4:00:00',
    'Mon,Thu *-*-* 02:00 Europe/Berlin',
    '*-*~1',
    '2026-01-01',
  ];
  const bad = ['', 'dayly', 'every day', '3am', '* * * * *', '0 3 * * *', '03:00 03:00', '*-*-* 25h', '03:00; rm -rf /'];
  assert.deepEqual(
    good.filter((text) => frequencyProblem(text) !== null),
    [],
  );
  assert.deepEqual(
    bad.filter((text) => frequencyProblem(text) === null),
    [],
  );
});

test('of a schedule that is none it is told what is wrong with it', () => {
  const told: readonly (readonly [text: string, says: string])[] = [
    ['25:00', 'hour 25 is more than 23'],
    ['*-13-01', 'month 13 is more than 12'],
    ['Fri..Mon 02:00', 'the weekdays Fri..Mon go past the end of the week, which is Sunday: write Mon,Fri..Sun'],
    [
      '*-*-* 03:00 Europe/Berln',
      "'Europe/Berln' is no time zone that is known here: write UTC or a name such as Europe/Berlin",
    ],
    ['*:0/0', 'a step of 0 leads nowhere'],
    ['22..4:00', 'the range 22..4 of the hour goes backwards'],
    ['0 3 * * *', 'this is the form of cron, where 0 3 * * * is *-*-* 03:00 here'],
    ['*-02-30', 'there is no day or time like that'],
    ['03:00 04:00', "' 04:00' is left over after the time"],
    ['Weekli', "did you mean 'weekly'?"],
    [' daily', "did you mean 'daily'?"],
    ['', 'it is empty'],
  ];
  for (const [text, says] of told)
    assert.ok(frequencyProblem(text)?.endsWith(`; ${says}`), `${text}: ${frequencyProblem(text)}`);
});
