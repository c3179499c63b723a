import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant } from '../../../src/domain/instant.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { parseInfo, type StanzaInfo } from '../../../src/tools/pgbackrest/info.ts';
import { recorded } from './support.ts';

const info = (version: '2.45' | '2.55', name: string): StanzaInfo => parseInfo(recorded(version, name), 'main', 'db');
const states = ({ repositories }: StanzaInfo): string[] => repositories.map(({ key, state }) => `${key} ${state}`);

test('a stanza that no repository has is told from one that has no backup, and from one that has some', () => {
  assert.deepEqual(states(info('2.45', 'info-missing-stanza.json')), ['1 no-stanza', '2 no-stanza']);
  assert.deepEqual(states(info('2.45', 'info-no-backup.json')), ['1 no-backup', '2 no-backup']);
  assert.deepEqual(states(info('2.45', 'info-one-of-two.json')), ['1 ok', '2 no-backup']);
  assert.deepEqual(states(info('2.55', 'info-two-repositories.json')), ['1 ok', '2 ok']);
});

test('a repository that cannot be read is no empty one', () => {
  const { repositories } = info('2.45', 'info-unreadable.json');
  assert.equal(repositories[0]?.state, 'other');
  assert.match(repositories[0].message, /Permission denied/);
});

test('a wrong passphrase is told as one, whether pgBackRest has noticed it or prints the nonsense', () => {
  for (const name of ['info-wrong-passphrase.json', 'info-wrong-passphrase-garbled.json']) {
    const [repository] = info('2.45', name).repositories;
    assert.deepEqual([repository?.state, repository?.garbled], ['other', true], name);
    assert.match(repository?.message ?? '', /^its backup\.info cannot be decrypted: the passphrase is not/);
  }
  assert.equal(info('2.45', 'info-unreadable.json').repositories[0]?.garbled, false);
});

test('the identifier of a cluster keeps its last digit', () => {
  const { clusters } = info('2.45', 'info-no-backup.json');
  assert.deepEqual(clusters[0], { id: 1, repository: 1, systemId: '7711035724998943545', version: '15' });
});

test('backups of each type are told with what they rest on, and what they need of the archive', () => {
  const { backups } = info('2.45', 'info-two-repositories.json');
  assert.deepEqual(
    backups.map(({ label, type, repository, prior }) => ({ label, type, repository, prior })),
    [
      { label: '20261122-163654F', type: 'full', repository: 1, prior: null },
      { label: '20261122-163654F_20261122-163753D', type: 'differential', repository: 1, prior: '20261122-163654F' },
      {
        label: '20261122-163654F_20261122-163755I',
        type: 'incremental',
        repository: 1,
        prior: '20261122-163654F_20261122-163753D',
      },
      { label: '20261122-163758F', type: 'full', repository: 2, prior: null },
    ],
  );
  const [first] = backups;
  assert.deepEqual(first?.wal, { start: '000000010000000000000002', stop: '000000010000000000000003' });
  assert.equal(first?.error, false);
  assert.equal(first && formatInstant(first.stoppedAt), '2026-11-22T16:36:56.000Z');
  assert.equal(first?.size, 22992585);
  assert.equal(first?.added, 4531515);
});

test('a lock that is held is told, by old and by new', () => {
  assert.equal(info('2.45', 'info-locked.json').locked, true);
  assert.equal(info('2.55', 'info-locked.json').locked, true);
  assert.equal(info('2.55', 'info-two-repositories.json').locked, false);
});

test('a stanza that the answer does not name is in no repository', () => {
  assert.deepEqual(parseInfo('[]', 'main', 'db'), { repositories: [], clusters: [], backups: [], locked: false });
});

test('what is no answer of info is an error, not an empty stanza', () => {
  for (const text of ['', '{}', 'ERROR: [032]', '[{"name":"main"}]'])
    assert.throws(
      () => parseInfo(text, 'main', 'db'),
      (error) => error instanceof HoldfastError && error.code === 'tool-output',
      text,
    );
});
