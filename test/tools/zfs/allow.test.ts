// What zfs allow of OpenZFS 2.3.9 prints, and what it comes to for whoever sends and receives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllowed } from '../../../src/tools/zfs/allow.ts';

const PRINTED = `---- Permissions on vault/forge --------------------------------------
Permission sets:
	@replica hold,release
Create time permissions:
	destroy
Local permissions:
	user backup rename
Descendent permissions:
	user backup rollback
Local+Descendent permissions:
	user backup @replica,create,mount,receive
	user other bookmark
	group nas canmount
---- Permissions on vault --------------------------------------------
Descendent permissions:
	user backup readonly
Local permissions:
	everyone destroy
Local+Descendent permissions:
	everyone send
`;
const account = { user: 'backup', groups: ['backup', 'nas'], isRoot: false };

test('what is given to the user, to its groups and to everybody counts, where it reaches what is beneath', () => {
  assert.deepEqual([...parseAllowed(PRINTED, 'vault/forge', account)].toSorted(), [
    'canmount',
    'create',
    'hold',
    'mount',
    'readonly',
    'receive',
    'release',
    'send',
  ]);
  assert.deepEqual([...parseAllowed('', 'vault/forge', account)], []);
});
