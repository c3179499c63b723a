// Which databases are dumped, under which names, and how much room that takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bytes } from '../../src/domain/bytes.ts';
import {
  asideName,
  chooseDatabases,
  dumpFile,
  emptied,
  OF_EVERY_SERVER,
  loadingName,
  roomFor,
  type ServerDatabase,
} from '../../src/domain/database-dumps.ts';

const RUN = '01M82FKA8AXNNDYW8BEVY13E9Y';
/** What PostgreSQL takes for a name. */
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((value) => value.isWellFormed() && !value.includes('\0') && Buffer.byteLength(value) <= 63);
const database = fc.record({
  oid: fc.nat().map(String),
  name,
  owner: name,
  encoding: fc.constant('UTF8'),
  collate: fc.constant('C'),
  ctype: fc.constant('C'),
  provider: fc.constant('c'),
  locale: fc.constant(null),
  rules: fc.constant(null),
  connectable: fc.boolean(),
  valid: fc.boolean(),
  size: fc.nat().map((value) => value as Bytes),
});
const server = fc.uniqueArray(database, { selector: (each) => each.name, maxLength: 8 });

test('two databases never share a file, and every file can be made and named in a shell', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      assert.equal(dumpFile(one) === dumpFile(other), one === other);
      assert.match(dumpFile(one), /^[\w.%-]+\.dump$/);
      assert.ok(dumpFile(one).length <= 255);
    }),
  );
});

test('a database is in the copy, or left out on purpose, or what is left of one, or the copy is not complete', () => {
  fc.assert(
    fc.property(server, fc.array(name), fc.nat(), (all, more, some) => {
      const exclude = [...more, ...all.slice(0, some % 3).map((each) => each.name)];
      const { databases, shortcomings } = chooseDatabases(all, exclude);
      const accounted = (each: ServerDatabase): boolean =>
        databases.includes(each) ||
        exclude.includes(each.name) ||
        each.name === 'template0' ||
        !each.valid ||
        shortcomings.some((sentence) => sentence.includes(`the database ${each.name} lets nobody in`));
      assert.ok(all.every(accounted));
      assert.ok(databases.every((each) => each.valid && each.connectable && !exclude.includes(each.name)));
    }),
  );
});

test('a dump is expected to take of its database what the one before it took, and all of it where there was none', () => {
  const [size, bytes] = [1000 as Bytes, 300 as Bytes];
  assert.equal(roomFor([{ name: 'a', size: 2000 as Bytes }], [{ name: 'a', size, bytes }]), 600);
  fc.assert(
    fc.property(server, (all) => {
      assert.equal(
        roomFor(all, []),
        all.reduce((sum, each) => sum + each.size, 0),
      );
      const former = all.map((each) => ({ name: each.name, size: each.size, bytes: each.size }));
      assert.equal(roomFor(all, former), roomFor(all, []));
    }),
  );
});

test('only a server that had databases of its own and has none is one that was emptied', () => {
  const at = (...names: string[]) => names.map((each) => ({ name: each, size: 1 as Bytes, bytes: 1 as Bytes }));
  assert.match(
    emptied(at('postgres'), at('postgres', 'a', 'b', 'c', 'd'), OF_EVERY_SERVER) ?? '',
    /it had a, b, c and 1 more/,
  );
  assert.equal(emptied(at('postgres', 'new'), at('a'), OF_EVERY_SERVER), null);
  assert.equal(emptied(at('postgres', 'template1'), at('postgres', 'template1'), OF_EVERY_SERVER), null);
  assert.equal(emptied(at('postgres'), [], OF_EVERY_SERVER), null);
});

test('what is kept of databases gets names that PostgreSQL takes as they are, and no two the same', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), (names) => {
      const kept = names.map((each, index) => asideName(each, index, RUN));
      assert.equal(new Set(kept).size, names.length);
      for (const each of [...kept, loadingName(names.length, RUN)]) {
        assert.ok(Buffer.byteLength(each) <= 63);
        assert.ok(each.isWellFormed() && !each.endsWith('\uFFFD'));
      }
    }),
  );
});
