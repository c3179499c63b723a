// Which programs dump a server, and what a server says of its databases in several versions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { parseCatalogue } from '../../../src/tools/postgresql/catalogue.ts';
import { clientsFor } from '../../../src/tools/postgresql/clients.ts';
import { SERVER_PROGRAMS } from '../../support/postgres.ts';

const { signal } = new AbortController();

test('a server is dumped by programs of its own version, by newer ones where there are no such, never by older ones', async () => {
  const { major } = SERVER_PROGRAMS;
  const own = await clientsFor(major, signal);
  assert.equal(own.pg_dump, SERVER_PROGRAMS.need('pg_dump'));
  assert.deepEqual(await clientsFor('9.6', signal), own);
  await assert.rejects(clientsFor('99', signal), (error: unknown) => {
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.code, 'tool-missing');
    assert.match(error.message, new RegExp(`the server is of version 99, and the newest pg_dump is of version ${major}`));
    assert.match(error.hint ?? '', /postgresql-client-99/);
    return true;
  });
});

const row = (columns: object): object => ({
  datname: 'shop',
  datcollate: 'C',
  datctype: 'C',
  datallowconn: true,
  datconnlimit: -1,
  ...columns,
});
const answer = (number: number, columns: object): string[] =>
  JSON.stringify({
    version: '15.18 (Debian 15.18-0+deb12u1)',
    number,
    systemId: '7555555555555555555',
    databases: [{ oid: '5', owner: 'me', encoding: 'UTF8', size: 7, row: row(columns) }],
    tablespaces: [],
  }).split(/(?<=,)/); // psql breaks its lines there

test('how a database sorts is told by columns that every version calls otherwise', () => {
  const of = (number: number, columns: object): unknown[] => {
    const { major, databases } = parseCatalogue(answer(number, columns));
    const [{ provider, locale, rules } = { provider: null, locale: null, rules: null }] = databases;
    return [major, provider, locale, rules];
  };
  assert.deepEqual(of(90_624, {}), ['9.6', 'c', null, null]);
  assert.deepEqual(of(150_018, { datlocprovider: 'i', daticulocale: 'de' }), ['15', 'i', 'de', null]);
  assert.deepEqual(of(160_001, { datlocprovider: 'i', daticulocale: 'de', daticurules: '&a < g' }), [
    '16',
    'i',
    'de',
    '&a < g',
  ]);
  assert.deepEqual(of(170_002, { datlocprovider: 'b', datlocale: 'C.UTF-8' }), ['17', 'b', 'C.UTF-8', null]);
});

test('the remains of an interrupted DROP DATABASE are known, and an answer that is none is told', () => {
  assert.equal(parseCatalogue(answer(150_018, { datconnlimit: -2 })).databases[0]?.valid, false);
  assert.equal(parseCatalogue(answer(150_018, {})).version, '15.18');
  assert.throws(() => parseCatalogue(['what?']), /did not say which databases there are/);
});
