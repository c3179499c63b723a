// What the switch reads of an Ethernet frame: where it goes, and who asks for whose hardware address (ARP). Nothing else of
// it is looked at, and nothing is believed about its sender.

/** A hardware or IPv4 address as a number: 48 bits fit. */
export type Mac = number;
export type Ipv4 = number;

const HEADER = 14;
const ETHERTYPE = 12;
const ETHERTYPE_ARP = 0x0806;
/** Ethernet, IPv4, their lengths, and "who has": how a question starts. */
const QUESTION = Buffer.from('0001080006040001', 'hex');
const ANSWER = 2;
const ARP = { operation: 20, sender: 22, senderMac: 22, senderIp: 28, target: 32, targetIp: 38, end: 42 } as const;
const SMALLEST_FRAME = 60;

export const parseMac = (text: string): Mac => Number.parseInt(text.replaceAll(':', ''), 16);
export const parseIpv4 = (text: string): Ipv4 => text.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);

/** A datagram that is too short for a frame is none. */
export const isFrame = (datagram: Buffer): boolean => datagram.length >= HEADER;
export const destination = (frame: Buffer): Mac => frame.readUIntBE(0, 6);
/** Broadcast and multicast: for everybody. */
export const isForAll = (frame: Buffer): boolean => (frame.readUInt8(0) & 1) === 1;
export const isArp = (frame: Buffer): boolean => frame.readUInt16BE(ETHERTYPE) === ETHERTYPE_ARP;

/** The answer to an ARP question, given who has which address; null when it is no question, or nobody has the address. */
export function answerArp(frame: Buffer, whoHas: (address: Ipv4) => Mac | undefined): Buffer | null {
  if (frame.length < ARP.end || !frame.subarray(HEADER, HEADER + QUESTION.length).equals(QUESTION)) return null;
  const mac = whoHas(frame.readUInt32BE(ARP.targetIp));
  if (mac === undefined) return null;
  const answer = Buffer.alloc(SMALLEST_FRAME);
  frame.copy(answer, 0, ARP.senderMac, ARP.senderIp);
  answer.writeUIntBE(mac, 6, 6);
  frame.copy(answer, ETHERTYPE, ETHERTYPE, ARP.operation);
  answer.writeUInt16BE(ANSWER, ARP.operation);
  answer.writeUIntBE(mac, ARP.senderMac, 6);
  frame.copy(answer, ARP.senderIp, ARP.targetIp, ARP.end);
  frame.copy(answer, ARP.target, ARP.sender, ARP.target);
  return answer;
}
