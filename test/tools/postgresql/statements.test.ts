// What pg_dumpall and pg_restore print, taken apart.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identifier, literal } from '../../../src/tools/postgresql/live-server.ts';
import {
  databaseProperties,
  missingRoles,
  propertyLines,
  splitStatements,
} from '../../../src/tools/postgresql/statements.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\0'));
const name = text.filter((value) => value !== '');

test('statements come apart as they were put together, whatever stands in their texts and names', () => {
  const statement = fc.tuple(name, text).map(([role, said]) => `COMMENT ON ROLE ${identifier(role)} IS ${literal(said)}`);
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      const file = statements.map((each) => `--\n-- a ; comment's\n--\n\n\\restrict a;b'c\n${each};\n`).join('\n');
      assert.deepEqual(splitStatements(`${file}\\unrestrict a;b'c\n`), statements);
    }),
  );
});

test('only roles that are not there are made, each with all that was said of it and nothing about another', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 6 }),
      fc.uniqueArray(name, { maxLength: 6 }),
      text,
      (missing, others, said) => {
        const there = new Set(others.filter((each) => !missing.includes(each)));
        const all = [...missing, ...there];
        const about = (role: string): string[] => [
          `CREATE ROLE ${identifier(role)}`,
          `ALTER ROLE ${identifier(role)} WITH LOGIN PASSWORD ${literal(said)}`,
          `COMMENT ON ROLE ${identifier(role)} IS ${literal(said)}`,
          `GRANT SET ON PARAMETER work_mem TO ${identifier(role)}`,
        ];
        const globals = all.flatMap(about).map((each) => `${each};\n`);
        const found = missingRoles(globals.join(''), there);
        assert.deepEqual([...found.names].toSorted(), [...missing].toSorted());
        assert.deepEqual(found.statements, missing.flatMap(about));
      },
    ),
  );
});

test('a membership is given where one of both is new, and what is for one database alone is not of the role', () => {
  const globals = `CREATE ROLE a; CREATE ROLE b; CREATE ROLE c;
GRANT b TO a WITH INHERIT TRUE GRANTED BY postgres; GRANT c TO b GRANTED BY postgres; ALTER ROLE a IN DATABASE x SET work_mem TO '1MB';
CREATE TABLESPACE fast OWNER a LOCATION '/x';`;
  assert.deepEqual(missingRoles(globals, new Set(['b', 'c'])).statements, [
    'CREATE ROLE a',
    'GRANT b TO a WITH INHERIT TRUE GRANTED BY postgres',
  ]);
});

// pg_restore 15.18
const LIST = `;
; Archive created at 2026-11-22 20:07:18 UTC
3344; 1262 16385 DATABASE - my db app one
3345; 0 0 COMMENT - DATABASE "my db" app one
3346; 0 0 ACL - DATABASE "my db" app one
3347; 0 0 DATABASE PROPERTIES - my db app one
214; 1259 16387 TABLE public t postgres
`;
const SQL = String.raw`\restrict dXxfxmSgU2gIKVGOsysr6cda90fupvehHViCc52sIZoyeCf4wjYTrbYrzCFDA1H
SELECT pg_catalog.set_config('search_path', '', false);
CREATE DATABASE "my db" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';
ALTER DATABASE "my db" OWNER TO "app one";
\connect -reuse-previous=on "dbname='my db'"
COMMENT ON DATABASE "my db" IS 'hello; you';
ALTER ROLE "app one" IN DATABASE "my db" SET statement_timeout TO '5';
REVOKE CONNECT,TEMPORARY ON DATABASE "my db" FROM PUBLIC;
`;

test('of a dump what is about the database itself is found, without what makes it', () => {
  assert.equal(propertyLines(LIST).length, 4);
  assert.deepEqual(databaseProperties(SQL), [
    'ALTER DATABASE "my db" OWNER TO "app one"',
    `COMMENT ON DATABASE "my db" IS 'hello; you'`,
    `ALTER ROLE "app one" IN DATABASE "my db" SET statement_timeout TO '5'`,
    'REVOKE CONNECT,TEMPORARY ON DATABASE "my db" FROM PUBLIC',
  ]);
});
