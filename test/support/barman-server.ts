// A real PostgreSQL server that barman-cloud archives into a bucket of a real S3 server, with the section that declares it.

import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveCommand } from '../../src/tools/barman-cloud/wal.ts';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import { ArchivingServer } from './archiving-server.ts';
import type { ScratchHost, Section } from './cli.ts';
import { BUCKET, ObjectStore } from './object-store.ts';
import { OWNER } from './postgres.ts';

export class BarmanScene implements AsyncDisposable {
  readonly store: ObjectStore;
  readonly server: ArchivingServer;
  readonly credentialsFile: string;

  private constructor(store: ObjectStore, server: ArchivingServer, credentialsFile: string) {
    this.store = store;
    this.server = server;
    this.credentialsFile = credentialsFile;
  }

  /** The server archives already unless `quiet`. */
  static async start(host: ScratchHost, { quiet = false } = {}): Promise<BarmanScene> {
    const store = await ObjectStore.start();
    const server = new ArchivingServer(host.path('pg'), { archiveCommand: '' });
    const credentialsFile = join(server.directory, 'credentials');
    writeFileSync(credentialsFile, '[default]\naws_access_key_id = key\naws_secret_access_key = not-to-be-seen\n');
    chmodSync(credentialsFile, 0o644);
    const scene = new BarmanScene(store, server, credentialsFile);
    if (!quiet) scene.archive();
    return scene;
  }

  get place(): { destination: string; serverName: string; endpointUrl: string; credentialsFile: string; profile: null } {
    const { store, credentialsFile } = this;
    const destination = `s3://${BUCKET}/pg`;
    return { destination, serverName: 'main', endpointUrl: store.endpoint, credentialsFile, profile: null };
  }

  /** Under `services.NAME.postgres`. */
  section(barman: Section = {}): Section {
    const { dataDir, user, socket, port } = this.server.declared;
    const { profile: _none, ...place } = this.place;
    return { engine: 'barman-cloud', dataDir, user, socket, port, barman: { ...place, ...barman } };
  }

  archive(): void {
    this.server.archiveBy(archiveCommand(this.place, 'gzip'));
  }

  /** A program of barman-cloud as the owner of the server; answers with its standard output. */
  barman(program: string, options: readonly string[] = [], operands: readonly string[] = []): string {
    const { destination, serverName, endpointUrl, credentialsFile } = this.place;
    const [first = '', ...rest] = [
      ...asUser(OWNER),
      'env',
      '-u',
      'HOME',
      `AWS_SHARED_CREDENTIALS_FILE=${credentialsFile}`,
      `barman-cloud-${program}`,
      `--endpoint-url=${endpointUrl}`,
      ...options,
      destination,
      serverName,
      ...operands,
    ];
    const { status, stdout, stderr } = spawnSync(first, rest, { encoding: 'utf8', cwd: '/' });
    if (status !== 0) throw new Error(`barman-cloud-${program} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** Ids of the backups that it lists, oldest first. */
  listed(): string[] {
    const { backups_list: all } = JSON.parse(this.barman('backup-list', ['--format=json'])) as {
      backups_list: { backup_id: string }[];
    };
    return all.map(({ backup_id: id }) => id);
  }

  /** Everything is gone from its place: there is no program of barman-cloud that can do that but this. */
  empty(): void {
    this.barman('backup-delete', ['--retention-policy=REDUNDANCY 0']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server[Symbol.dispose]();
    await this.store[Symbol.asyncDispose]();
  }
}
