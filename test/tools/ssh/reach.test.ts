import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configArgs, hasProxy, parseAddress, remoteHostOf } from '../../../src/tools/ssh/reach.ts';

test('the machine of a destination is what stands before its colon; a pool of this machine has none', () => {
  assert.deepEqual(remoteHostOf('backup@nas-1:backup/forge'), { user: 'backup', host: 'nas-1' });
  assert.deepEqual(remoteHostOf('nas-1:backup/forge'), { user: null, host: 'nas-1' });
  assert.equal(remoteHostOf('backup/forge'), null);
  assert.equal(remoteHostOf('backup/with:colon'), null);
});

test('ssh is asked as the user that will log in, and a host that looks like an option is none', () => {
  assert.deepEqual(configArgs({ user: 'backup', host: 'nas-1' }), ['ssh', '-G', '-l', 'backup', '--', 'nas-1']);
  assert.deepEqual(configArgs({ user: null, host: '-oProxyCommand=x' }).slice(-2), ['--', '-oProxyCommand=x']);
});

test('address and port are what ssh would use', () => {
  const host = { user: null, host: 'nas-1' };
  // as OpenSSH 9.2 and 10.0 print it, among some eighty lines
  const printed = 'host nas-1\nuser root\nhostname 192.0.2.7\nport 2222\naddressfamily any\n';
  assert.deepEqual(parseAddress(printed, host), { host: '192.0.2.7', port: 2222 });
  assert.deepEqual(parseAddress('', host), { host: 'nas-1', port: 22 });
  assert.deepEqual([printed, `${printed}proxyjump bastion\n`, `${printed}proxycommand none\n`].map(hasProxy), [
    false,
    true,
    false,
  ]);
});
