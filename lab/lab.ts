// The lab: real hosts for tests. What is made through one is gone when it is disposed of, and when its process dies.
//
//   await using lab = await openLab();
//   const host = await lab.container({ name: 'forge' });
//   await host.exec(['systemctl', 'start', '--wait', 'x.service']);

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duration } from '../src/domain/duration.ts';
import { elapsed, formatInstant, type Instant } from '../src/domain/instant.ts';
import { systemClock } from '../src/lib/clock.ts';
import { HoldfastError } from '../src/lib/errors.ts';
import { type Cache, openCache } from './cache.ts';
import { Container } from './container/container.ts';
import { type HostRecord, writeHostRecord } from './host-record.ts';
import { checkPath, type Files, makeBlank, makeFileSystem, makeOverlay, sizeOf, writeFiles } from './host-files.ts';
import { image, imagePath, type Recipe, type Report } from './image/image.ts';
import { diskRecipe, kernelRecipe, makeDisk, treeRecipe } from './image/images.ts';
import { Machine, NO_OFFSET } from './machine/machine.ts';
import type { Disk } from './machine/qemu.ts';
import { type Network, openNetwork } from './network/network.ts';
import { Release } from './release.ts';
import { RunDirectory } from './run-directory.ts';
import { UserMode } from './user-mode/user-mode.ts';

export interface HostOptions {
  /** a-z, 0-9 and -. */
  readonly name: string;
  /** There before systemd starts. */
  readonly files?: Files;
  /** Debian packages beyond the standard ones; that makes an image of its own, the first time. */
  readonly packages?: 'standard' | readonly string[];
  /** Joins it as the node of that name. Without one it is alone. */
  readonly network?: Network;
}

export interface ContainerOptions extends HostOptions {
  /** File systems of their own, on loop devices, by the paths where they are mounted; sizes as '64MB'. */
  readonly fileSystems?: Readonly<Record<string, { readonly type: 'ext4' | 'btrfs'; readonly size: string }>>;
}

export interface MachineOptions extends HostOptions {
  /** Empty data disks of these sizes ('1GB'); their names are in `disks` of the machine. */
  readonly disks?: readonly string[];
  /** Default 1536MiB. */
  readonly memory?: string;
  /** What its clock shows at the first boot; otherwise what it is. */
  readonly clock?: Instant;
}

export interface UserModeOptions extends Omit<HostOptions, 'network'> {
  /** Default 1536MiB. */
  readonly memory?: string;
  /** What its clock shows at the first boot; otherwise what it is. */
  readonly clock?: Instant;
}

const NEVER = new AbortController().signal;

export class Lab implements AsyncDisposable {
  readonly #cache: Cache;
  readonly #run: RunDirectory;
  readonly #report: Report;
  readonly #release: Release;
  readonly #made = new AsyncDisposableStack();

  constructor(cache: Cache, directory: RunDirectory, report: Report) {
    this.#cache = cache;
    this.#run = directory;
    this.#report = report;
    this.#release = new Release(directory.path);
    this.#made.use(directory);
  }

  /** The name of everything that is made through it. */
  get id(): string {
    return this.#run.id;
  }

  /** Where everything of it is on disk. */
  get directory(): string {
    return this.#run.path;
  }

  /** Booted, with the release of this checkout installed. */
  async container({ fileSystems = {}, ...options }: ContainerOptions): Promise<Container> {
    const directory = this.#directoryOf(options);
    if (options.files) writeFiles(join(directory, 'files'), options.files);
    const mounts = Object.entries(fileSystems)
      .toSorted(([one], [other]) => one.length - other.length) // what is mounted inside of another comes later
      .map(([where, made], index) => ({ where, made, file: `disk-${index}.img` }));
    for (const { where } of mounts) checkPath(where);
    await Promise.all(mounts.map(({ file, made: { type, size } }) => makeFileSystem(join(directory, file), type, size)));
    writeFileSync(join(directory, 'mounts'), mounts.map(({ file, where }) => `${file}\t${where}\n`).join(''));
    return await this.#boot(
      new Container({
        name: options.name,
        runId: this.#run.id,
        directory,
        tree: join(await this.#image(treeRecipe(packagesOf(options))), 'tree'),
        release: await this.#release.tree(),
        network: options.network ?? null,
      }),
      options,
    );
  }

  /** Booted, with the release of this checkout installed, on a kernel of its own. */
  async machine({ disks = [], memory = '1536MiB', clock, ...options }: MachineOptions): Promise<Machine> {
    const directory = this.#directoryOf(options);
    const [tree, kernel] = [treeRecipe(packagesOf(options)), kernelRecipe()];
    await Promise.all([this.#image(tree), this.#image(kernel)]);
    const root: Disk = { file: join(directory, 'root.img'), format: options.files ? 'raw' : 'qcow2' };
    if (options.files) {
      writeFiles(join(directory, 'files'), options.files);
      await makeDisk(root.file, tree, kernel, this.#cache, join(directory, 'files'));
    } else {
      await makeOverlay(root.file, join(await this.#image(diskRecipe(tree, kernel, this.#cache)), 'disk.img'));
    }
    const data = disks.map((size, index) => ({ size, file: join(directory, `data-${index}.img`) }));
    await Promise.all(data.map(({ file, size }) => makeBlank(file, size)));
    return await this.#boot(
      new Machine({
        name: options.name,
        runId: this.#run.id,
        directory,
        kernel: join(imagePath(kernel, this.#cache), 'vmlinuz'),
        root,
        release: await this.#release.disk(),
        data: data.map(({ file }) => file),
        memory: sizeOf(memory),
        clockOffset: offsetOf(clock),
        network: options.network ?? null,
      }),
      options,
    );
  }

  /** Booted, with the release of this checkout installed, on a kernel of its own that is an ordinary program. */
  async userMode({ memory = '1536MiB', clock, ...options }: UserModeOptions): Promise<UserMode> {
    const directory = this.#directoryOf(options);
    const [tree, kernel] = [treeRecipe(packagesOf(options)), kernelRecipe()];
    await Promise.all([this.#image(tree), this.#image(kernel)]);
    const file = join(directory, 'root.img');
    if (options.files) {
      writeFiles(join(directory, 'files'), options.files);
      await makeDisk(file, tree, kernel, this.#cache, join(directory, 'files'));
    }
    const base = options.files ? null : join(await this.#image(diskRecipe(tree, kernel, this.#cache)), 'disk.img');
    return await this.#boot(
      new UserMode({
        name: options.name,
        runId: this.#run.id,
        directory,
        root: { file, base },
        release: await this.#release.disk(),
        memory: sizeOf(memory),
        clockOffset: offsetOf(clock),
      }),
      options,
    );
  }

  /** Joins hosts of these names, which are made afterwards. */
  async network(names: readonly string[]): Promise<Network> {
    return this.#made.use(await openNetwork(names));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.disposeAsync();
  }

  async #boot<Made extends Container | Machine | UserMode>(host: Made, { name, network }: HostOptions): Promise<Made> {
    if (this.#made.disposed) throw closed(name);
    this.#made.use(host);
    const record = {
      name,
      madeAt: formatInstant(systemClock.now()),
      address: network?.port(name).address ?? null,
      ...whatItIs(host),
    };
    const directory = join(this.directory, 'hosts', name);
    writeHostRecord(directory, { ...record, booted: false });
    await host.boot();
    writeHostRecord(directory, { ...record, booted: true });
    return host;
  }

  #directoryOf({ name }: HostOptions): string {
    assertHostName(name);
    if (this.#made.disposed) throw closed(name);
    if (existsSync(join(this.directory, 'hosts', name))) throw unusable(name, `there is a host ${name} already`);
    return this.#run.make('hosts', name); // until it is disposed of
  }

  async #image(recipe: Recipe): Promise<string> {
    return await image(recipe, this.#cache, this.#report, NEVER);
  }
}

export function assertHostName(name: string): void {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(name)) return;
  throw unusable(name, `${name} is no name for a host: a-z, 0-9 and -, a letter first, at most 20`);
}

const unusable = (name: string, message: string): HoldfastError =>
  new HoldfastError({ code: 'usage', operation: 'make', subject: name, message });
const closed = (name: string): HoldfastError => unusable(name, 'the lab has been closed');

/** Takes away what dead processes left. What takes long is reported. */
export async function openLab({ report = () => {} }: { readonly report?: Report } = {}): Promise<Lab> {
  const cache = openCache();
  return new Lab(cache, await RunDirectory.create(cache), report);
}

const packagesOf = ({ packages = 'standard' }: HostOptions): readonly string[] => (packages === 'standard' ? [] : packages);
const offsetOf = (clock: Instant | undefined): Duration =>
  clock === undefined ? NO_OFFSET : elapsed(systemClock.now(), clock);

function whatItIs(host: Container | Machine | UserMode): Pick<HostRecord, 'kind' | 'agent' | 'console'> {
  if (host instanceof Container) return { kind: 'container', agent: null, console: null };
  if (host instanceof Machine) return { kind: 'machine', agent: host.agent, console: host.console };
  return { kind: 'user-mode', agent: host.agent, console: null };
}
