import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullness, isHealthy } from '../../../src/domain/storage-health.ts';
import { parsePoolErrors, parsePoolHealth, parseSpaces } from '../../../src/tools/zfs/health.ts';

// as OpenZFS 2.3 prints them
const STATUS = `  pool: backup
 state: DEGRADED
status: One or more devices has experienced an error resulting in data
	corruption.  Applications may be affected.
action: Restore the file in question if possible.  Otherwise restore the
	entire pool from backup.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-8A
  scan: scrub repaired 0B in 00:00:01 with 3 errors on Sun Nov 22 08:00:00 2026
config:

	NAME        STATE     READ WRITE CKSUM
	backup      DEGRADED     0     0     3
	  mirror-0  DEGRADED     0     0     6
	    sdb     ONLINE       0     0    12
	    sdc     DEGRADED     1     2     6  too many errors
	spares
	  sdd       AVAIL

errors: 3 data errors, use '-v' for a list

  pool: tank
 state: ONLINE
config:

	NAME        STATE     READ WRITE CKSUM
	tank        ONLINE       0     0     0
	  vda       ONLINE       0     0     0

errors: No known data errors
`;
const LIST = 'backup\tDEGRADED\t1000\t250\ntank\tONLINE\t500\t0\nlost\tUNAVAIL\t-\t-\n';

test('a pool is told with what is lost and what failed at its devices, each counted once', () => {
  const [backup, tank, lost] = parsePoolHealth(LIST, parsePoolErrors(STATUS));
  assert.deepEqual(backup, {
    name: 'backup',
    health: 'DEGRADED',
    size: 1000,
    allocated: 250,
    dataErrors: 3,
    deviceErrors: 21,
  });
  assert.deepEqual([tank?.dataErrors, tank?.deviceErrors, tank && isHealthy(tank)], [0, 0, true]);
  assert.deepEqual([lost?.dataErrors, lost?.size, lost && isHealthy(lost)], [null, 0, false], 'what is not told is no zero');
});

test('errors that may not be seen are not known', () => {
  const denied = STATUS.replace(/^errors: 3.*$/m, 'errors: List of errors unavailable: permission denied');
  assert.equal(parsePoolErrors(denied).get('backup')?.dataErrors, null);
});

test('a dataset is as full as its quota or its pool lets it be', () => {
  const [space] = parseSpaces('tank/app\t900\t100\n');
  assert.deepEqual(space, { name: 'tank/app', used: 900, available: 100 });
  assert.equal(space && fullness(space.used, space.available), 0.9);
  assert.equal(fullness(0, 0), 1);
  assert.throws(() => parseSpaces('tank/app\n'), { code: 'tool-output' });
});
