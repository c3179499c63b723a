import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { interfaceCommands, qemuNetArguments, tapCommand } from '../../../lab/network/attach.ts';
import { openNetwork } from '../../../lab/network/network.ts';
import { findProgram } from '../../../src/process/find-program.ts';
import { frameTo, Station } from './support/station.ts';

const QEMU = 'qemu-system-x86_64';

test('a name that the kernel or socat would read otherwise is refused', async () => {
  await using network = await openNetwork(['a']);
  const port = network.port('a');
  for (const name of ['', 'sixteen-letters-', 'a,tun-type=tun', 'a/b', '-a', '..']) {
    for (const make of [tapCommand, interfaceCommands]) {
      assert.throws(() => make(port, name), { code: 'usage', subject: name });
    }
  }
  assert.match(tapCommand(port, 'fifteen-letters').join(' '), /fifteen-letters/);
});

test(
  'a machine sends its frames to the switch and gets those for it',
  { skip: findProgram(QEMU) === null && `needs ${QEMU}` },
  async () => {
    await using network = await openNetwork(['machine', 'other']);
    await using other = await Station.plugIn(network.port('other'));
    // Instead of a guest, a hub in qemu joins its end of the network with a socket of ours.
    await using stack = new AsyncDisposableStack();
    const guest = createSocket('udp4');
    const listening = once(guest, 'listening');
    guest.bind(0, '127.0.0.1');
    await listening;
    stack.defer(() => void guest.close());
    const reserved = createSocket('udp4').bind(0, '127.0.0.1');
    await once(reserved, 'listening');
    const hubPort = reserved.address().port;
    reserved.close();
    const [option = '', netdev = ''] = qemuNetArguments(network.port('machine'));
    const inet = 'type=inet,';
    const [local, remote] = [
      `local.${inet}local.host=127.0.0.1,local.port=${hubPort}`,
      `remote.${inet}remote.host=127.0.0.1,remote.port=${guest.address().port}`,
    ];
    const hub = ['hubport,id=one,hubid=0,netdev=machine', 'hubport,id=two,hubid=0,netdev=guest'];
    const options = [netdev, `dgram,id=guest,${local},${remote}`, ...hub].flatMap((value) => [option, value]);
    const argv = ['--pdeathsig', 'KILL', '--', QEMU, '-nodefaults', '-machine', 'none', '-display', 'none', ...options];
    const qemu = spawn('setpriv', argv, { stdio: 'ignore' });
    const ended = once(qemu, 'exit');
    stack.defer(async () => {
      qemu.kill('SIGKILL');
      await ended;
    });

    const { mac } = network.port('machine');
    const frame = frameTo(other.port.mac, mac, 'from the machine'.padEnd(1500, '.'));
    const again = setInterval(() => guest.send(frame, hubPort, '127.0.0.1'), 50); // qemu may still be starting
    stack.defer(() => clearInterval(again));
    assert.match(await other.hears(), /^from the machine\.{1484}$/);
    other.say('for the machine'.padEnd(1500, '.'), mac);
    const [received] = (await once(guest, 'message')) as [Buffer];
    assert.match(received.subarray(14).toString(), /^for the machine\.{1485}$/);
  },
);
