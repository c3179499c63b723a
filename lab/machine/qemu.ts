// The command line of qemu: pure, but for the question whether this machine can virtualise.

import { existsSync } from 'node:fs';
import type { Bytes } from '../../src/domain/bytes.ts';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { BOOT_LIMIT, run } from '../command.ts';
import { sealed } from '../sealed.ts';

export type Acceleration = 'kvm' | 'tcg';

export interface Disk {
  readonly file: string;
  readonly format: 'raw' | 'qcow2';
  readonly readOnly?: boolean;
}

export interface MachineHardware {
  readonly name: string;
  readonly kernel: string;
  /** What it boots from. */
  readonly root: Disk;
  /** By serial number: /dev/disk/by-id/virtio-SERIAL. */
  readonly disks: Readonly<Record<string, Disk>>;
  readonly memory: Bytes;
  /** What its clock shows when it starts. */
  readonly clock: Instant;
  /** Unix sockets: the first is connected to, at the others qemu listens. */
  readonly monitor: string;
  readonly agent: string;
  readonly console: string;
  /** Options for its network. */
  readonly network: readonly string[];
}

/** How the agent's port is called, in qemu's events. */
export const AGENT_PORT = 'agent';

const CPU: Readonly<Record<Acceleration, string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host', '-smp', '2'],
  // Of QEMU 7.2: without cx16=off it corrupts the flags of a compare-and-exchange, and with them the guest's allocator; with
  // a second processor it now and then runs code that the first is patching, and the guest's kernel panics.
  tcg: ['-accel', 'tcg', '-cpu', 'max,cx16=off', '-smp', '1'],
};

export const byId = (serial: string): string => `/dev/disk/by-id/virtio-${serial}`;

/** Of the file system that is mounted at /opt/holdfast. */
export const RELEASE = 'release';

/**
 * The root is the only NVMe disk, because the kernel of Debian has that driver built in: no initial RAM disk. What the guest
 * has written to a disk is with the kernel of this machine and outlives qemu; what it still had in its own memory does not:
 * a disk without a write-back cache, as the guest is told (NVMe claims one all the same). qemu itself never waits for the disk below (`unsafe`): that one keeps its power.
 */
export function qemuArguments(hardware: MachineHardware, by: Acceleration): [string, ...string[]] {
  const { name, kernel, root, disks, memory, clock, monitor, agent, console, network } = hardware;
  const append = [
    'root=/dev/nvme0n1 rootwait rw quiet console=ttyS0 net.ifnames=0 panic=-1',
    `systemd.hostname=${name} systemd.mount-extra=${byId(RELEASE)}:/opt/holdfast:ext4:ro`,
    `systemd.default_device_timeout_sec=${BOOT_LIMIT / 1000}`, // an emulated one may need longer than 90 s for its disks
    'systemd.set_credential=agetty.autologin:root systemd.set_credential=login.noauth:yes', // for whoever looks at its console
  ];
  const options: string[][] = [
    CPU[by],
    ['-machine', 'q35', '-m', `${Math.ceil(memory / 1024 / 1024)}M`],
    ['-nodefaults', '-display', 'none', '-no-reboot'],
    ['-rtc', `base=${new Date(clock).toISOString().slice(0, 19)}`],
    ['-kernel', kernel, '-append', append.join(' ')],
    ['-chardev', `socket,id=monitor,path=${monitor}`, '-mon', 'chardev=monitor,mode=control'],
    [
      '-chardev',
      `socket,id=console,path=${console},server=on,wait=off,logfile=${console}.log`,
      '-serial',
      'chardev:console',
    ],
    ['-device', 'virtio-serial', '-chardev', `socket,id=agent,path=${agent},server=on,wait=off`],
    ['-device', `virtserialport,chardev=agent,id=${AGENT_PORT},name=org.qemu.guest_agent.0`],
    ['-device', 'virtio-rng-pci'],
    ['-drive', `${drive(root)},id=root`, '-device', 'nvme,drive=root,serial=root,write-cache=off'],
    ...Object.entries(disks).flatMap(([serial, disk]) => [
      ['-drive', `${drive(disk)},id=${serial}`],
      ['-device', `virtio-blk-pci,drive=${serial},serial=${serial},write-cache=off`],
    ]),
    [...network],
  ];
  return ['qemu-system-x86_64', ...options.flat()];
}

const drive = ({ file, format, readOnly }: Disk): string =>
  `if=none,file=${file},format=${format},cache=unsafe${readOnly ? ',read-only=on' : ''}`;

let known: Promise<Acceleration> | null = null;

/** Tried once in a process. */
export async function accelerationFor(kernel: string): Promise<Acceleration> {
  known ??= tryKvm(kernel);
  return await known;
}

/** KVM may exist and still fail, in a machine that is virtual itself: a kernel is booted, which ends at once for want of a disk. */
export async function tryKvm(kernel: string, timeout = duration(30, 's')): Promise<Acceleration> {
  if (!existsSync('/dev/kvm')) return 'tcg';
  const machine = ['-machine', 'q35', '-m', '256M', '-nodefaults', '-display', 'none', '-no-reboot'];
  const argv = ['qemu-system-x86_64', ...CPU.kvm, ...machine, '-kernel', kernel, '-append', 'panic=-1'];
  try {
    const limits = { anyExit: true, timeout, grace: duration(0, 'ms') };
    const { exitCode } = await run({ argv: sealed(argv), operation: 'try', subject: 'KVM' }, limits);
    return exitCode === 0 ? 'kvm' : 'tcg';
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'timed-out') return 'tcg';
    throw error;
  }
}
