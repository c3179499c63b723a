import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { type Network, openNetwork } from '../../../lab/network/network.ts';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { duration } from '../../../src/domain/duration.ts';
import { TestHost, whyNoHosts } from './support/test-host.ts';

/** How long a silence has to be to count as one. */
const SILENCE = 500; // milliseconds
const MEGABYTE = 1_000_000 as Bytes; // literal bytes

test('the hosts have private addresses of one subnet, which no other network has, and hardware addresses of their own', async () => {
  await using one = await openNetwork(['forge', 'hub']);
  await using other = await openNetwork(['forge', 'hub']);
  const ports = [one, other].flatMap((network) => network.nodes.map((name) => network.port(name)));
  for (const unique of ['address', 'mac', 'udpPort'] as const)
    assert.equal(new Set(ports.map((port) => port[unique])).size, 4);
  const subnets = ports.map(({ address }) => address.slice(0, address.lastIndexOf('.')));
  assert.equal(subnets[0], subnets[1]);
  assert.notEqual(subnets[0], subnets[2]);
  for (const { address, mac, prefixLength } of ports) {
    assert.match(address, /^10\.2[0-5]\d\.\d+\.[12]$/);
    assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
    assert.equal(prefixLength, 24);
  }
  assert.equal(one.hostsFile, `${subnets[0]}.1 forge\n${subnets[0]}.2 hub\n`);
});

test('names that are no names of hosts, or there twice, are refused', async () => {
  for (const name of ['', 'Hub', 'a,b', 'a b', '-a', 'a.b', 'a'.repeat(64)]) {
    await assert.rejects(openNetwork(['forge', name]), { code: 'usage', subject: name });
  }
  await assert.rejects(openNetwork(['hub', 'forge', 'hub']), { code: 'usage', message: /hub, forge, hub/ });
});

test('a link with a host that is not there, or from a host to itself, is refused with the names that there are', async () => {
  await using network = await openNetwork(['forge', 'hub']);
  const uses: ((a: string, b: string) => void)[] = [
    (a, b) => network.cut(a, b),
    (a, b) => network.heal(a, b),
    (a, b) => network.delay(a, b, duration(1, 's')),
    (a, b) => network.limit(a, b, MEGABYTE),
  ];
  for (const use of uses) {
    assert.throws(() => use('forge', 'hbu'), { code: 'usage', subject: 'hbu', message: /forge, hub/ });
    assert.throws(() => use('hbu', 'forge'), { code: 'usage', subject: 'hbu', message: /forge, hub/ });
    assert.throws(() => use('hub', 'hub'), { code: 'usage', subject: 'hub', message: /forge, hub/ });
  }
  assert.throws(() => network.port('hbu'), { code: 'usage', message: /forge, hub/ });
});

test('a delay below zero and a limit of nothing are refused', async () => {
  await using network = await openNetwork(['forge', 'hub']);
  for (const wrong of [-1, Number.NaN]) {
    assert.throws(() => network.delay('forge', 'hub', duration(wrong, 'ms')), { code: 'usage' });
    assert.throws(() => network.limit('forge', 'hub', wrong as Bytes), { code: 'usage' });
  }
  assert.throws(() => network.limit('forge', 'hub', 0 as Bytes), { code: 'usage', message: /cut/ });
});

interface Lab extends AsyncDisposable {
  readonly network: Network;
  readonly forge: TestHost;
  readonly hub: TestHost;
  readonly nas: TestHost;
}

async function threeHosts(): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await openNetwork(['forge', 'hub', 'nas']));
  const attach = async (name: string): Promise<TestHost> => stack.use(await TestHost.attach(network, name));
  const [forge, hub, nas] = await Promise.all([attach('forge'), attach('hub'), attach('nas')]);
  const held = stack.move();
  return { network, forge, hub, nas, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const answered = async (from: TestHost, to: TestHost): Promise<number> => {
  const { roundTrip, errors } = await from.ping(to);
  assert.deepEqual(errors, []);
  assert.ok(roundTrip !== null, 'no answer');
  return roundTrip;
};

const silent = async (from: TestHost, to: TestHost, milliseconds = SILENCE): Promise<void> =>
  assert.deepEqual(await from.ping(to, milliseconds), { roundTrip: null, errors: [] });

describe('hosts in namespaces of their own', { skip: whyNoHosts() }, () => {
  it('reach each other, and a stream arrives whole', async () => {
    await using lab = await threeHosts();
    const { forge, hub, nas } = lab;
    for (const [one, other] of [
      [forge, hub],
      [hub, nas],
      [nas, forge],
    ] as const) {
      await answered(one, other);
      await answered(other, one);
    }
    await forge.upload(hub, 5 * MEGABYTE);
  });

  it('hear nothing of each other while their link is cut, in either direction, and the third hears both', async () => {
    await using lab = await threeHosts();
    const { network, forge, hub, nas } = lab;
    await answered(forge, hub);
    network.cut('forge', 'hub');
    network.cut('hub', 'forge');
    await Promise.all([silent(forge, hub), silent(hub, forge)]);
    for (const other of [forge, hub]) await Promise.all([answered(nas, other), answered(other, nas)]);
    network.heal('forge', 'hub');
    await Promise.all([answered(forge, hub), answered(hub, forge)]);
  });

  it('are not told that the other one is unreachable, also when the cut outlasts what they remember of it', async () => {
    await using lab = await threeHosts();
    const { network, forge, hub } = lab;
    await forge.exec('sysctl', '-q', '-w', 'net.ipv4.neigh.lab0.retrans_time_ms=50'); // three times, then the kernel gives up
    network.cut('forge', 'hub');
    await forge.exec('ip', 'neighbour', 'flush', 'dev', 'lab0');
    await silent(forge, hub, 3000);
    network.heal();
    await answered(forge, hub);
  });

  it('finish over a healed link a stream that a cut had stopped', async () => {
    await using lab = await threeHosts();
    const { network, forge, hub } = lab;
    network.limit('forge', 'hub', (4 * MEGABYTE) as Bytes);
    const upload = forge.upload(hub, 4 * MEGABYTE);
    await answered(forge, hub); // behind what is on its way already
    network.cut('forge', 'hub');
    await silent(forge, hub);
    network.heal();
    await upload;
  });

  it('wait for each other at least twice the delay, and no longer once it is taken back', async () => {
    await using lab = await threeHosts();
    const { network, forge, hub, nas } = lab;
    network.delay('forge', 'hub', duration(150, 'ms'));
    for (const [from, to] of [
      [forge, hub],
      [hub, forge],
    ] as const) {
      const roundTrip = await answered(from, to);
      assert.ok(roundTrip >= 300, `${roundTrip} ms`);
    }
    await answered(forge, nas);
    network.delay('forge', 'hub', duration(1, 'h'));
    await silent(forge, hub);
    network.heal();
    await answered(forge, hub);
  });

  it('need for a stream over a limited link at least the time that its bytes need', async () => {
    await using lab = await threeHosts();
    const { network, forge, hub } = lab;
    network.limit('forge', 'hub', MEGABYTE);
    const [there, back] = [await forge.upload(hub, 2 * MEGABYTE), await hub.upload(forge, MEGABYTE)];
    assert.ok(there >= 2000, `${there} ms`);
    assert.ok(back >= 1000, `${back} ms`);
  });

  it('are reached again after they were plugged in anew', async () => {
    await using lab = await threeHosts();
    const { forge, hub } = lab;
    await answered(forge, hub);
    await hub.plugIn();
    await answered(forge, hub);
  });

  it('are reached again after their interface was down', async () => {
    await using lab = await threeHosts();
    const { forge, hub } = lab;
    await answered(forge, hub);
    await hub.exec('ip', 'link', 'set', 'dev', 'lab0', 'down');
    await silent(forge, hub);
    await hub.exec('ip', 'link', 'set', 'dev', 'lab0', 'up');
    await answered(forge, hub);
  });

  it('leave no process, device or socket behind', async () => {
    const lab = await threeHosts();
    const hosts = [lab.forge, lab.hub, lab.nas];
    const pids = hosts.flatMap(({ pids: own }) => own);
    const ports = lab.network.nodes.map((name) => lab.network.port(name).udpPort);
    assert.equal(pids.length, 6);
    assert.deepEqual(ports.filter(isBound), ports);
    lab.network.delay('forge', 'hub', duration(1, 'h'));
    await silent(lab.forge, lab.hub);
    await lab[Symbol.asyncDispose]();
    assert.deepEqual(
      pids.filter((pid) => existsSync(`/proc/${pid}`)),
      [],
    );
    assert.deepEqual(
      hosts.filter(({ tap }) => existsSync(`/sys/class/net/${tap}`)),
      [],
    );
    assert.deepEqual(ports.filter(isBound), []);
  });
});

/** On loopback, as hexadecimal. */
const isBound = (port: number): boolean =>
  readFileSync('/proc/net/udp', 'utf8').includes(`0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `);
