// Whom a private MariaDB server runs as: it refuses to be root's.

import { HoldfastError } from '../../lib/errors.ts';
import { userNumbers } from '../../tools/getent/user.ts';
import { type Owner, ownerOf } from '../../tools/util-linux/stat.ts';

/** What packages call the user of the server. */
const USUAL = 'mysql';

/** Who owns the data of the real one, or runs it where that is not there. Throws `unsupported` where nobody does. */
export async function serverOwner(dataDir: string, subject: string, signal: AbortSignal): Promise<Owner> {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (self.uid !== 0) return self;
  const owner = await ownerOf(dataDir, signal);
  if (owner !== null && owner.uid !== 0) return owner;
  const usual = await userNumbers(USUAL, signal);
  if (usual !== null) return usual;
  throw new HoldfastError({
    code: 'unsupported',
    operation: 'start a server for the dumps of',
    subject,
    message: `there is nobody to run it as: ${dataDir} is not there, or is root's, and this machine has no user ${USUAL}`,
    hint: `Install the MariaDB server (apt install mariadb-server), or make a user: useradd --system ${USUAL}`,
  });
}
