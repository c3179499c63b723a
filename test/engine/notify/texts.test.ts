// What arrives, in whole words, of the kinds that happen least often: as somebody reads it who was just woken up; and that each kind
// of channel carries it as it is.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Destination } from '../../../src/config/configuration.ts';
import { duration } from '../../../src/domain/duration.ts';
import { later } from '../../../src/domain/instant.ts';
import type { Message } from '../../../src/domain/notification.ts';
import { HELD_TIMERS_KIND, holdPayload, LASTING_HOLD_KIND } from '../../../src/engine/gate/hold-record.ts';
import { openChannel } from '../../../src/observe/notify/open-channel.ts';
import { openReceiver, type Received } from '../../observe/notify/receiver.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { DEAD, NotifiedHost, START } from './support.ts';

const hour = duration(1, 'h');
const TIMERS = Array.from({ length: 8 }, (_, index) => `holdfast-run@s${index}.timer`);
const NO_ANSWER = { code: 'failed', message: 'nas does not answer', hint: 'Is it up?' } as const;

type Happening = (host: NotifiedHost) => void;

const held: Happening = (host) => {
  const { journal } = host;
  const payload = holdPayload({ timers: TIMERS, until: later(START, hour) });
  const effect = { runId: host.other('gate', 'hold'), stepId: 'hold', kind: LASTING_HOLD_KIND, payload, at: host.now };
  journal.keepEffect(journal.intendEffect(effect), host.now);
  host.pass(duration(2, 'h'));
};

const leftBehind =
  (kind: string, timers: readonly string[] = []): Happening =>
  (host) => {
    const runId = host.begin(['a@nas'], DEAD);
    const payload = holdPayload({ timers, until: null });
    host.journal.intendEffect({ runId, stepId: 'backup:a@nas', kind, payload, at: host.now });
  };

/** The message of that kind of which the title has the words; ids of runs are left out. */
async function saidOf(happens: Happening, words: string): Promise<Message> {
  using host = new NotifiedHost(['a', 'b']);
  host.maintained = false;
  happens(host);
  await host.flush();
  const found = host.sent.map(({ message }) => message).find(({ title }) => title.includes(words));
  assert.ok(found, host.titles().join(', '));
  const plain = (text: string): string => text.replaceAll(/[0-9A-Z]{26}/g, 'RUN');
  return { ...found, title: plain(found.title), body: plain(found.body) };
}

const SCENES: readonly { kind: Message['kind']; of: string; happens: Happening; title: string; body: string }[] = [
  {
    kind: 'hold-forgotten',
    of: 'hold',
    happens: held,
    title: 'Not released: hold of timers (forge)',
    body: `no backup starts by itself: timers are on hold (holdfast-run@s0.timer, holdfast-run@s1.timer, holdfast-run@s2.timer, holdfast-run@s3.timer, holdfast-run@s4.timer and 3 more); they were to be released at 2026-03-02 01:00, and are not.

Since: 2026-03-02 01:00
To do: holdfast gate release`,
  },
  {
    kind: 'hold-forgotten',
    of: 'hold',
    happens: leftBehind(HELD_TIMERS_KIND, TIMERS.slice(0, 2)),
    title: 'Not released: hold of timers (forge)',
    body: `no backup starts by itself: timers are on hold (holdfast-run@s0.timer, holdfast-run@s1.timer); the gate that held them died.

Since: 2026-03-02 00:00
To do: holdfast gate release`,
  },
  {
    kind: 'backup-failure',
    of: 'leftovers',
    happens: leftBehind('spool'),
    title: 'Not cleaned up: leftovers of run RUN (forge)',
    body: `its process is gone, and what it had made is still there: spool.

Since: 2026-03-02 00:00
To do: Any \`holdfast run\` or \`holdfast restore\` cleans up first, and says what it did.
Details: holdfast history show RUN`,
  },
  {
    kind: 'sanoid-failure',
    of: 'sanoid',
    happens: (host) => host.gate('sanoid.service', 'it ended with status 1'),
    title: 'Failed: sanoid.service (forge)',
    body: `it ended with status 1.

Since: 2026-03-02 00:00
To do: journalctl -n 50 -u sanoid.service
Details: holdfast history show RUN`,
  },
  {
    kind: 'syncoid-lag-warning',
    of: 'syncoid',
    happens: (host) => host.gate('syncoid-tank.service', 'it ended with status 1'),
    title: 'Replication failed: syncoid-tank.service (forge)',
    body: `it ended with status 1.

Since: 2026-03-02 00:00
To do: journalctl -n 50 -u syncoid-tank.service
Details: holdfast history show RUN`,
  },
  {
    kind: 'preseed-success',
    of: 'Recovered',
    happens: (host) => host.recovery('a', 'succeeded', 'nas'),
    title: 'Recovered: a (forge)',
    body: 'its data is back, from nas.\nIt took 42s.\nDetails: holdfast history show RUN',
  },
  {
    kind: 'preseed-success',
    of: 'Recovered',
    happens(host) {
      host.recovery('a', 'succeeded', 'nas');
      host.pass(duration(1, 's'));
      host.recovery('b', 'succeeded', 'offsite');
    },
    title: 'Recovered: 2 services (forge)',
    body: '- a: its data is back, from nas\n- b: its data is back, from offsite\nDetails: holdfast history',
  },
  {
    kind: 'preseed-skipped',
    of: 'Nothing',
    happens: (host) => host.recovery('a', 'skipped', null),
    title: 'Nothing to recover: a (forge)',
    body: 'its data is there.\nIt took 42s.\nDetails: holdfast history show RUN',
  },
  {
    kind: 'preseed-failure',
    of: 'Not recovered',
    happens: (host) => host.recovery('b', NO_ANSWER, 'nas'),
    title: 'Not recovered: recovery of b from nas (forge)',
    body: `nas does not answer.

Since: 2026-03-02 00:00
Safe: nothing, there is no complete copy
To do: Is it up?
Details: holdfast history show RUN`,
  },
];

describe('in words', () => {
  for (const { kind, of, happens, title, body } of SCENES) {
    it(`${kind}: ${title}`, async () => {
      const said = await saidOf(happens, of);
      assert.deepEqual([said.kind, said.title, said.body], [kind, title, body]);
    });
  }
});

type Secret = (content: string) => string;
const CHANNELS: Readonly<Record<string, (url: string, secret: Secret) => Destination>> = {
  ntfy: (url) => ({ type: 'ntfy', url: `${url}/x` }),
  webhook: (url) => ({ type: 'webhook', url }),
  slack: (url, secret) => ({ type: 'slack', urlFile: secret(url) }),
  discord: (url, secret) => ({ type: 'discord', urlFile: secret(url) }),
  mattermost: (url, secret) => ({ type: 'mattermost', urlFile: secret(url) }),
  matrix: (url, secret) => ({ type: 'matrix', url, room: '!a:b', tokenFile: secret('t') }),
  telegram: (url, secret) => ({ type: 'telegram', url, chat: '1', tokenFile: secret('1:t') }),
  pushover: (url, secret) => ({ type: 'pushover', url, tokenFile: secret('t'), userKeyFile: secret('u') }),
  gotify: (url, secret) => ({ type: 'gotify', url, tokenFile: secret('t') }),
};

/** Every text of a request, as its reader sees it: without the marks by which a receiver is kept from reading marks into it. */
function readable({ body, headers }: Received): string {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) collect(each);
  };
  collect(isForm ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body));
  return texts
    .join('\n')
    .replaceAll('\u200B', '')
    .replaceAll(/\\([\\`*_~|])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}

describe('each line of it arrives', () => {
  for (const [type, to] of Object.entries(CHANNELS)) {
    it(`by ${type}`, async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      if (type === 'telegram') server.answer = { status: 200, body: '{"ok": true}' };
      const secret: Secret = (content) => {
        const file = join(directory.path, content.replaceAll(/\W/g, ''));
        writeFileSync(file, content, { mode: 0o600 });
        return file;
      };
      const channel = openChannel({ name: 'x', to: to(server.url, secret) });
      for (const [index, { of, happens }] of SCENES.entries()) {
        const message = await saidOf(happens, of);
        await channel.deliver({ id: `x${index}`, message, now: START }, new AbortController().signal);
        const received = server.received.at(-1);
        assert.ok(received);
        const text = readable(received);
        for (const line of [message.title, ...message.body.split('\n')]) assert.ok(text.includes(line), `${line}\n${text}`);
      }
      assert.equal(server.received.length, SCENES.length);
    });
  }

  it('by a command', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'told');
    const command = ['sh', '-c', `(echo "$HOLDFAST_TITLE"; cat) > "${file}"`] as const;
    const channel = openChannel({ name: 'x', to: { type: 'command', command: [...command] } });
    for (const { of, happens } of SCENES) {
      const message = await saidOf(happens, of);
      await channel.deliver({ id: 'x', message, now: START }, new AbortController().signal);
      assert.equal(readFileSync(file, 'utf8').trim(), `${message.title}\n${message.body}`);
    }
  });
});
