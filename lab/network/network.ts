// A network of the lab: joins hosts by name, and worsens the link between any two of them while a test runs. It is a switch in
// this process, because a kernel without netem can neither delay nor limit.

import type { Bytes } from '../../src/domain/bytes.ts';
import type { Duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { PERFECT } from './link.ts';
import { type Station, Switch } from './switch.ts';

/** Where a host is plugged in; see attach.ts. Addresses and hardware addresses are the same after a restart of the host. */
export interface Port {
  readonly name: string;
  readonly mac: string;
  /** IPv4, private. */
  readonly address: string;
  readonly prefixLength: number;
  /**
   * Of the switch, on 127.0.0.1: a datagram is an Ethernet frame. It answers to where the last one came from, so a host may
   * come back from another port, and gets nothing before its first frame.
   */
  readonly udpPort: number;
}

/**
 * Links are perfect at first. A change is in force when the call returns, also for frames that are on their way: those on a
 * link that is cut are lost. A cut is silent, however long: hosts see no answer, never an error. Every method throws `usage`
 * for a name that is not in the network, and for a link from a host to itself.
 */
export class Network implements AsyncDisposable {
  readonly #switch: Switch;
  readonly #ports: readonly Port[];

  constructor(ethernet: Switch, ports: readonly Port[]) {
    this.#switch = ethernet;
    this.#ports = ports;
  }

  get nodes(): readonly string[] {
    return this.#ports.map(({ name }) => name);
  }

  /** The lines for /etc/hosts. */
  get hostsFile(): string {
    return this.#ports.map(({ address, name }) => `${address} ${name}\n`).join('');
  }

  port(name: string): Port {
    const port = this.#ports.find((one) => one.name === name);
    if (port) return port;
    throw misuse(name, `there is no such host in the network; there are ${this.nodes.join(', ')}`);
  }

  /** Frames between them vanish, both ways. Idempotent. */
  cut(a: string, b: string): void {
    this.#switch.change(...this.#link(a, b), { cut: true });
  }

  /** Each way, so a round trip takes twice as long. Frames keep their order. */
  delay(a: string, b: string, by: Duration): void {
    const link = this.#link(a, b);
    if (!(by >= 0)) throw misuse(`${a}, ${b}`, `${by} ms is no delay`);
    this.#switch.change(...link, { delay: by });
  }

  /** Each way. What is sent faster waits, and is lost when too much waits. */
  limit(a: string, b: string, bytesPerSecond: Bytes): void {
    const link = this.#link(a, b);
    if (!(bytesPerSecond > 0))
      throw misuse(`${a}, ${b}`, `${bytesPerSecond} bytes a second are no limit; cut the link instead`);
    this.#switch.change(...link, { bytesPerSecond });
  }

  /** As at the beginning: without a cut, delay or limit, between two, or without names everywhere. */
  heal(): void;
  heal(a: string, b: string): void;
  heal(a?: string, b?: string): void {
    const all = this.nodes.flatMap((one, index) => this.nodes.slice(index + 1).map((other) => [one, other] as const));
    const links = a === undefined || b === undefined ? all : [[a, b] as const];
    for (const [one, other] of links) this.#switch.change(...this.#link(one, other), PERFECT);
  }

  #link(a: string, b: string): [number, number] {
    const positions = [a, b].map((name) => this.#ports.indexOf(this.port(name)));
    if (a === b) throw misuse(a, `no link goes from a host to itself; there are ${this.nodes.join(', ')}`);
    return [positions[0] ?? 0, positions[1] ?? 0];
  }

  /** Nothing of it is left. What was attached finds that nobody takes its frames. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#switch[Symbol.asyncDispose]();
  }
}

const PREFIX_LENGTH = 24;
const MOST_NODES = 250;

/** Networks of this process so far: each has its own 10.200.0.0/24, 10.200.1.0/24 ... 10.255.255.0/24. */
let networks = 0;

/** Throws `usage` for names that are given twice or that no host can have. */
export async function openNetwork(names: readonly string[]): Promise<Network> {
  checkNames(names);
  const subnet = networks % (56 * 256);
  networks += 1;
  const stations = names.map((_, index) => station([10, 200 + (subnet >> 8), subnet & 255, index + 1]));
  const ethernet = await Switch.open(stations);
  const { ports } = ethernet;
  return new Network(
    ethernet,
    stations.map((one, index) => ({
      ...one,
      name: names[index] ?? '',
      prefixLength: PREFIX_LENGTH,
      udpPort: ports[index] ?? 0,
    })),
  );
}

/** A hardware address that was given out locally and ends with the address: nobody else has it. */
const station = (bytes: readonly number[]): Station => ({
  mac: [0x02, 0x00, ...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
  address: bytes.join('.'),
});

function checkNames(names: readonly string[]): void {
  if (names.length > MOST_NODES) throw misuse(`${names.length} hosts`, `a network has at most ${MOST_NODES}`);
  for (const name of names) {
    if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) throw misuse(name, 'this is not a name of a host');
    if (names.indexOf(name) !== names.lastIndexOf(name)) throw misuse(name, `named twice among ${names.join(', ')}`);
  }
}

const misuse = (subject: string, message: string): HoldfastError =>
  new HoldfastError({ code: 'usage', operation: 'use a network of the lab', subject, message });
