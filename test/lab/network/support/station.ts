// A node of the network that is only a socket: it sends frames that no kernel would, and keeps what it is sent.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Port } from '../../../../lab/network/network.ts';

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

/** An Ethernet frame of no protocol in particular. */
export const frameTo = (destination: string, source: string, text: string): Buffer =>
  Buffer.concat([macBytes(destination), macBytes(source), Buffer.from('88b5', 'hex'), Buffer.from(text)]);

export class Station implements AsyncDisposable {
  readonly port: Port;
  readonly #socket: Socket;
  readonly #arrived: Buffer[] = [];
  #unplugged = false;

  private constructor(port: Port, socket: Socket) {
    this.port = port;
    this.#socket = socket;
    socket.on('message', (frame) => this.#arrived.push(frame));
  }

  /** Says something, so that the switch knows where it is; the switch has heard it when this resolves. */
  static async plugIn(port: Port): Promise<Station> {
    const socket = createSocket('udp4');
    const listening = once(socket, 'listening');
    socket.bind(0, '127.0.0.1');
    await listening;
    const station = new Station(port, socket);
    station.send(arpQuestion(port, port.address.replace(/\d+$/, port.address.endsWith('.1') ? '2' : '1')));
    await station.next();
    return station;
  }

  get udpPort(): number {
    return this.#socket.address().port;
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram, this.port.udpPort, '127.0.0.1');
  }

  /** Sends a frame to another station, and says who it is unless told otherwise. */
  say(text: string, to: string, from = this.port.mac): void {
    this.send(frameTo(to, from, text));
  }

  async next(): Promise<Buffer> {
    while (this.#arrived.length === 0) await once(this.#socket, 'message');
    return this.#arrived.shift() ?? Buffer.alloc(0);
  }

  /** The text of the next frame that comes. */
  async hears(): Promise<string> {
    return (await this.next()).subarray(14).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#unplugged) return;
    this.#unplugged = true;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

/** Who has this address? */
export const arpQuestion = ({ mac, address }: Port, wanted: string): Buffer =>
  Buffer.concat([
    macBytes(BROADCAST),
    macBytes(mac),
    Buffer.from('08060001080006040001', 'hex'),
    macBytes(mac),
    ipBytes(address),
    Buffer.alloc(6),
    ipBytes(wanted),
  ]);

export const ipBytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number));
