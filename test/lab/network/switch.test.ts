import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Network, openNetwork } from '../../../lab/network/network.ts';
import { duration } from '../../../src/domain/duration.ts';
import { arpQuestion, BROADCAST, ipBytes, macBytes, Station } from './support/station.ts';

const NOBODY = '02:00:00:00:00:01';

interface Bench extends AsyncDisposable {
  readonly network: Network;
  readonly a: Station;
  readonly b: Station;
  readonly c: Station;
}

async function threeStations(): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await openNetwork(['a', 'b', 'c']));
  const plugIn = async (name: string): Promise<Station> => stack.use(await Station.plugIn(network.port(name)));
  const [a, b, c] = [await plugIn('a'), await plugIn('b'), await plugIn('c')];
  const held = stack.move();
  return { network, a, b, c, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

test('a frame arrives at the node that it is for, and nowhere else', async () => {
  await using bench = await threeStations();
  const { a, b, c } = bench;
  a.say('for b', b.port.mac);
  a.say('for c', c.port.mac);
  assert.equal(await b.hears(), 'for b');
  assert.equal(await c.hears(), 'for c');
});

for (const [kind, mac] of [
  ['broadcast', BROADCAST],
  ['multicast', '33:33:00:00:00:01'],
] as const) {
  test(`a ${kind} arrives at all others, and does not come back`, async () => {
    await using bench = await threeStations();
    const { a, b, c } = bench;
    a.say('for all', mac);
    assert.deepEqual(await Promise.all([b.hears(), c.hears()]), ['for all', 'for all']);
    b.say('answer', a.port.mac);
    assert.equal(await a.hears(), 'answer');
  });
}

test('a frame for nobody, or for its sender, is lost', async () => {
  await using bench = await threeStations();
  const { a, b } = bench;
  a.say('for nobody', NOBODY);
  a.say('for myself', a.port.mac);
  a.say('for b', b.port.mac);
  b.say('for a', a.port.mac);
  assert.equal(await b.hears(), 'for b');
  assert.equal(await a.hears(), 'for a');
});

test('who sends in the name of another gets nothing that is for the other', async () => {
  await using bench = await threeStations();
  const { a, b, c } = bench;
  c.say('I am a', b.port.mac, a.port.mac);
  assert.equal(await b.hears(), 'I am a');
  b.say('for a', a.port.mac);
  b.say('for c', c.port.mac);
  assert.equal(await a.hears(), 'for a');
  assert.equal(await c.hears(), 'for c');
});

test('a datagram that is too short for a frame is ignored, also an empty one', async () => {
  await using bench = await threeStations();
  const { a, b } = bench;
  for (const length of [0, 1, 6, 13]) a.send(Buffer.alloc(length, 0xff));
  a.say('a whole one', b.port.mac);
  assert.equal(await b.hears(), 'a whole one');
});

test('a half of an ARP question is ignored, and so is an ARP answer', async () => {
  await using bench = await threeStations();
  const { a, b } = bench;
  const question = arpQuestion(a.port, b.port.address);
  const answer = Buffer.from(question);
  answer.writeUInt16BE(2, 20);
  for (const frame of [question.subarray(0, 41), question.subarray(0, 14), answer]) a.send(frame);
  a.say('for b', b.port.mac);
  assert.equal(await b.hears(), 'for b');
  b.say('for a', a.port.mac);
  assert.equal(await a.hears(), 'for a');
});

test('frames follow a node that comes back from another port, and its absence harms nobody', async () => {
  await using bench = await threeStations();
  const { network, a, b, c } = bench;
  await b[Symbol.asyncDispose]();
  for (let count = 0; count < 10; count += 1) a.say('for b, who is away', b.port.mac);
  a.say('for c', c.port.mac);
  assert.equal(await c.hears(), 'for c');
  await using again = await Station.plugIn(network.port('b'));
  a.say('welcome back', again.port.mac);
  assert.equal(await again.hears(), 'welcome back');
});

test('the switch says who has which address, also across a link that is cut, and never about the one who asks', async () => {
  await using bench = await threeStations();
  const { network, a, b } = bench;
  network.cut('a', 'b');
  a.send(arpQuestion(a.port, a.port.address));
  a.send(arpQuestion(a.port, '10.9.9.9'));
  a.send(arpQuestion(a.port, b.port.address));
  const answer = await a.next();
  const header = Buffer.from('08060001080006040002', 'hex');
  const [mine, theirs] = [macBytes(a.port.mac), macBytes(b.port.mac)];
  const expected = [mine, theirs, header, theirs, ipBytes(b.port.address), mine, ipBytes(a.port.address)];
  assert.deepEqual(answer.subarray(0, 42), Buffer.concat(expected));
  assert.equal(answer.length, 60);
});

test('a cut holds for frames on their way and both ways, not for others, and heals', async () => {
  await using bench = await threeStations();
  const { network, a, b, c } = bench;
  network.delay('a', 'b', duration(1, 'h'));
  a.say('on its way', b.port.mac);
  a.say('for c', c.port.mac); // the switch takes one after the other
  assert.equal(await c.hears(), 'for c');
  network.cut('a', 'b');
  a.say('into nothing', b.port.mac);
  b.say('into nothing', a.port.mac);
  a.say('for all', BROADCAST);
  assert.equal(await c.hears(), 'for all');
  b.say('still for c', c.port.mac);
  assert.equal(await c.hears(), 'still for c');
  network.heal('b', 'a');
  a.say('after all', b.port.mac);
  b.say('after all', a.port.mac);
  assert.equal(await b.hears(), 'after all');
  assert.equal(await a.hears(), 'after all');
});

test('a process that has disposed of its network ends by itself, also with frames on their way for another month', async () => {
  const [network, station] = ['lab/network/network.ts', 'test/lab/network/support/station.ts'].map((path) =>
    JSON.stringify(join(import.meta.dirname, '../../..', path)),
  );
  const script = `
    import { openNetwork } from ${network};
    import { Station } from ${station};
    await using network = await openNetwork(['a', 'b', 'c']);
    await using a = await Station.plugIn(network.port('a'));
    await using b = await Station.plugIn(network.port('b'));
    network.delay('a', 'b', ${duration(30, 'd')});
    a.say('late', b.port.mac);
    a.say('late', b.port.mac);
    network.heal('a', 'c');
    a.send(Buffer.alloc(0));
    await using c = await Station.plugIn(network.port('c'));
    a.say('now', c.port.mac);
    console.log(await c.hears());`;
  const argv = ['--pdeathsig', 'KILL', '--', process.execPath, '--input-type=module-typescript', '-e', script];
  const { stdout, stderr } = await promisify(execFile)('setpriv', argv, { timeout: 60_000 });
  assert.deepEqual([stdout, stderr], ['now\n', '']);
});
