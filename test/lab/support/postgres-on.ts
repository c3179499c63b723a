// A PostgreSQL server of Debian on a host of the lab, under its own unit and with pgBackRest.

import type { Host } from '../../../lab/host.ts';

/** One list for all that have such a server: each list is an image of its own. */
export const POSTGRES_PACKAGES = ['pgbackrest', 'postgresql', 'restic-rest-server'];

const VERSION = 17; // of the Debian that hosts are made from
export const SERVER = `postgresql@${VERSION}-main.service`;
export const DATA = `/var/lib/postgresql/${VERSION}/main`;
export const SETTINGS = `/etc/postgresql/${VERSION}/main`;

/** Small files of the log, and no waiting for the disk: it is no machine that loses what was not synced. */
const LAB_CONF = `max_wal_size = 16MB
min_wal_size = 2MB
fsync = off
`;

/** Without the one that its image came with, as a host has one where the package has just been installed. */
export const NO_CLUSTER = `pg_dropcluster --stop ${VERSION} main && install -d -o postgres -g postgres $(dirname ${DATA}) $(dirname ${SETTINGS})`;

/** A cluster of this host's own in the place of the one that its image came with, and it runs. `first` makes room for it. */
export async function makeCluster(host: Host, settings = LAB_CONF, first = 'true'): Promise<void> {
  await host.sh(`${NO_CLUSTER} && ${first}`);
  await host.sh(`pg_createcluster ${VERSION} main -- --wal-segsize=1 >/dev/null`);
  await host.write(`${SETTINGS}/conf.d/lab.conf`, settings);
  await host.exec(['systemctl', 'start', SERVER]);
}

/** What \`holdfast postgres configure\` asks for. */
export const ARCHIVING = `${LAB_CONF}archive_mode = on
archive_command = 'pgbackrest --stanza=main archive-push %p'
archive_timeout = 60
`;

/** A repository of pgBackRest belongs to whoever runs the server. */
export const makeRepositories = (host: Host, paths: readonly string[]): Promise<unknown> =>
  host.exec(['install', '-d', '-o', 'postgres', '-g', 'postgres', '-m', '750', ...paths]);

/** Another one beside it, which archives nothing. */
export const DUMPED = { data: `/var/lib/postgresql/${VERSION}/dumped`, port: 5433 };
export const makeSecondCluster = (host: Host): Promise<unknown> =>
  host.sh(`pg_createcluster ${VERSION} dumped --port ${DUMPED.port} --start >/dev/null`);

/** The answer, without the last newline. */
export const sql = (
  host: Host,
  text: string,
  { database = 'postgres', port = 5432 }: { readonly database?: string; readonly port?: number } = {},
): Promise<string> => {
  const psql = ['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-p', String(port), '-d', database, '-c', text];
  return host.tell('runuser', '-u', 'postgres', '--', ...psql);
};

/** Until it is out of recovery: its unit has started before that. */
export const promoted = (host: Host): Promise<unknown> =>
  host.sh(
    `until [ "$(runuser -u postgres -- psql -qAtX -c 'select pg_is_in_recovery()')" = f ]; do systemctl is-active --quiet "$1" || exit; sleep 0.05; done`,
    [SERVER],
  );
