// Users, roles and rights as statements, as a real server told them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStatements, readStatements, renderStatements, statementsQuery } from '../../../src/tools/mariadb/accounts.ts';

const ANSWER = [
  '-- account {"user":"readers","host":""}',
  'GRANT `writers` TO `readers` WITH ADMIN OPTION',
  'GRANT USAGE ON *.* TO `readers`',
  'GRANT SELECT ON `shop`.* TO `readers`',
  'GRANT USAGE ON *.* TO `writers`',
  'GRANT INSERT ON `shop`.* TO `writers`',
  '-- account {"user":"app one","host":"%"}',
  "CREATE USER `app one`@`%` IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
  'GRANT `readers` TO `app one`@`%`',
  "GRANT USAGE ON *.* TO `app one`@`%` IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
  'SET DEFAULT ROLE `readers` FOR `app one`@`%`',
  '-- account {"user":"PUBLIC","host":""}',
  'GRANT SELECT ON `news`.* TO `PUBLIC`',
];

test('of a role that has others only its own rights are kept: those of the others may be there already', () => {
  const [role] = parseStatements(ANSWER).grants;
  assert.deepEqual(role?.statements, [
    'GRANT `writers` TO `readers` WITH ADMIN OPTION',
    'GRANT USAGE ON *.* TO `readers`',
    'GRANT SELECT ON `shop`.* TO `readers`',
  ]);
});

test('accounts are made where they are not there, and the one that everybody has is never made', () => {
  const { users } = parseStatements(ANSWER);
  assert.deepEqual(
    users.map(({ statements }) => statements),
    [
      ['CREATE ROLE IF NOT EXISTS `readers`'],
      ["CREATE USER IF NOT EXISTS `app one`@`%` IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'"],
      [],
    ],
  );
});

test('what is written to a file is read back, whatever a name holds', () => {
  const odd = [{ account: { user: "o'd`d\n;", host: '10.%' }, statements: ["CREATE USER `o'd``d\nx;y`@`10.%`", 'GRANT x'] }];
  assert.deepEqual(readStatements(renderStatements(odd)), odd);
  const { grants } = parseStatements(ANSWER);
  assert.deepEqual(readStatements(renderStatements(grants)), grants);
});

test('a name cannot end the question that is asked about it', () => {
  assert.equal(
    statementsQuery([{ user: "a`'\\", host: 'h' }]),
    `SELECT '-- account {"user":"a\`''\\\\\\\\","host":"h"}';\nSHOW CREATE USER \`a\`\`'\\\`@\`h\`;\nSHOW GRANTS FOR \`a\`\`'\\\`@\`h\`;\n`,
  );
});
