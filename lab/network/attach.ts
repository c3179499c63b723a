// How a host is plugged into a network: what to start beside it, and what to run inside it. Only words: nothing is started here.

import { HoldfastError } from '../../src/lib/errors.ts';
import type { Port } from './network.ts';

type Argv = [string, ...string[]];

/** Above every frame, as one that is larger is cut. */
const SOCAT_BUFFER = 65_536; // bytes
const SOCKET_BUFFER = 4 * 1024 * 1024; // bytes; for bursts
const LONGEST_NAME = 15;

/**
 * For a container: makes a tap device of that name in the namespace where it is started, and carries its frames until its
 * namespace is gone. Move the device into the container, and bring it up there with `interfaceCommands`; after a restart of the
 * container it needs a new one. It is sloppy (-s): otherwise the first frame for an interface that is down would end it; but
 * then it also goes on, without a device, when the name is taken, so wait for the device.
 */
export const tapCommand = (port: Port, interfaceName: string): Argv => [
  'socat',
  '-s',
  '-b',
  String(SOCAT_BUFFER),
  `TUN,tun-type=tap,iff-no-pi,tun-name=${checked(interfaceName)}`,
  `UDP4:127.0.0.1:${port.udpPort},bind=127.0.0.1,rcvbuf=${SOCKET_BUFFER},sndbuf=${SOCKET_BUFFER}`,
];

/** For a machine, of qemu 7.2 or later: it insists on a `local.port`, where 0 is any that is free. */
export const qemuNetArguments = (port: Port): string[] => [
  '-netdev',
  `dgram,id=${port.name},local.type=inet,local.host=127.0.0.1,local.port=0,remote.type=inet,remote.host=127.0.0.1,remote.port=${port.udpPort}`,
  '-device',
  `virtio-net-pci,netdev=${port.name},mac=${port.mac},romfile=`,
];

/** To run inside a host, in this order: they bring up its interface, which has that name there. */
export const interfaceCommands = (port: Port, interfaceName: string): Argv[] => {
  const device = checked(interfaceName);
  return [
    ['ip', 'link', 'set', 'dev', device, 'address', port.mac],
    ['ip', 'address', 'add', `${port.address}/${port.prefixLength}`, 'dev', device],
    ['ip', 'link', 'set', 'dev', device, 'up'],
  ];
};

/** What the kernel takes for a name, less what would mean something to socat. */
function checked(name: string): string {
  if (new RegExp(`^[a-z0-9][a-z0-9_.-]{0,${LONGEST_NAME - 1}}$`, 'i').test(name)) return name;
  throw new HoldfastError({
    code: 'usage',
    operation: 'attach a host to a network of the lab',
    subject: name,
    message: `not a name of a network interface, which has at most ${LONGEST_NAME} letters`,
  });
}
