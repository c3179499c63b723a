// The Ethernet switch: a UDP socket on loopback for each node, a datagram for each frame, a cable from each node to each other.
// It is told the address of every node, so it learns nothing from frames, and it answers every ARP question itself: to a node
// the others are always there, and what a cut link does is lose packets, as in a network that is wider than a cable.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Cable } from './cable.ts';
import { answerArp, destination, type Ipv4, isArp, isForAll, isFrame, type Mac, parseIpv4, parseMac } from './frame.ts';
import type { Conditions } from './link.ts';

export interface Station {
  readonly mac: string;
  readonly address: string;
}

export class Switch implements AsyncDisposable {
  readonly #outlets: readonly Outlet[];

  /** Rejects with the system's error when a socket cannot be had. */
  static async open(stations: readonly Station[]): Promise<Switch> {
    await using stack = new AsyncDisposableStack();
    const made = stack.use(new Switch(stations));
    await Promise.all(made.#outlets.map((outlet) => outlet.open()));
    stack.move();
    return made;
  }

  private constructor(stations: readonly Station[]) {
    const macs = new Map(stations.map(({ mac, address }) => [parseIpv4(address), parseMac(mac)]));
    this.#outlets = stations.map(({ mac }) => new Outlet(parseMac(mac), macs));
    for (const from of this.#outlets) for (const to of this.#outlets) if (from !== to) from.join(to);
  }

  /** The ports on loopback to which the stations send their frames, in their order. */
  get ports(): number[] {
    return this.#outlets.map(({ port }) => port);
  }

  /** Changes the link between two stations, given by their positions, both ways. */
  change(a: number, b: number, conditions: Partial<Conditions>): void {
    const [one, other] = [this.#outlets[a], this.#outlets[b]];
    if (!one || !other) return;
    one.change(other, conditions);
    other.change(one, conditions);
  }

  /** Frames on their way are lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#outlets.map((outlet) => outlet[Symbol.asyncDispose]()));
  }
}

const LOOPBACK = '127.0.0.1';
/** For bursts; the kernel gives less where its own limit is less. */
const SOCKET_BUFFER = 4 * 1024 * 1024; // bytes

/** Where one station is plugged in. */
class Outlet implements AsyncDisposable {
  readonly #mac: Mac;
  readonly #macs: ReadonlyMap<Ipv4, Mac>;
  readonly #cables = new Map<Mac, Cable>();
  #closed = false;
  readonly #socket: Socket;
  /** Where the station's last datagram came from: it may have started anew. None yet: nobody would take a frame. */
  #station: number | null = null;

  constructor(mac: Mac, macs: ReadonlyMap<Ipv4, Mac>) {
    this.#mac = mac;
    this.#macs = macs;
    this.#socket = createSocket({
      type: 'udp4',
      recvBufferSize: SOCKET_BUFFER,
      sendBufferSize: SOCKET_BUFFER,
      lookup: (address, _options, done) => done(null, address, 4), // asking the system takes a turn for each frame
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async open(): Promise<void> {
    const listening = once(this.#socket, 'listening');
    this.#socket.bind(0, LOOPBACK);
    await listening;
    this.#socket.on('error', () => {}); // a station that is gone: its frames are lost
    this.#socket.on('message', (datagram, { port }) => {
      this.#station = port;
      if (isFrame(datagram)) this.#forward(datagram);
    });
  }

  join(other: Outlet): void {
    this.#cables.set(other.#mac, new Cable((frame) => other.#hand(frame)));
  }

  change(other: Outlet, conditions: Partial<Conditions>): void {
    this.#cables.get(other.#mac)?.change(conditions);
  }

  #forward(frame: Buffer): void {
    if (isArp(frame)) {
      const answer = answerArp(frame, (address) => this.#macOfOther(address));
      if (answer) this.#hand(answer);
    } else if (isForAll(frame)) for (const cable of this.#cables.values()) cable.carry(frame);
    else this.#cables.get(destination(frame))?.carry(frame); // to nobody that is here: lost
  }

  /** A station that asks for its own address looks for somebody else who has it: nobody. */
  #macOfOther(address: Ipv4): Mac | undefined {
    const mac = this.#macs.get(address);
    return mac === this.#mac ? undefined : mac;
  }

  #hand(frame: Buffer): void {
    if (this.#station !== null) this.#socket.send(frame, this.#station, LOOPBACK, () => {}); // a failure is a lost frame
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const cable of this.#cables.values()) cable[Symbol.dispose]();
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
