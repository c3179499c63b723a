// A MariaDB server of a service as it is written: where it is, and as whom it is dumped.

import { absolutePath, count, list, optional, required, section, word } from './scalars.ts';

export const mariadbSchema = section({
  dataDir: required(
    absolutePath,
    'The data directory of the server: /var/lib/mysql on most systems. Its files are in no backup of files.',
  ),
  socket: optional(absolutePath, 'The Unix socket of the server.', '/run/mysqld/mysqld.sock'),
  user: optional(
    word,
    'The account of the server that dumps and restores. `root` when neither this nor defaultsFile is written: the server knows ' +
      'root of this machine by itself (unix_socket).',
  ),
  defaultsFile: optional(
    absolutePath,
    'A file with `[client]`, and `user` and `password` in it, where that account needs a password. Readable by nobody else.',
  ),
  processes: optional(count(1), 'How many databases are dumped at once.', 1),
  excludeDatabases: optional(list(word), 'Databases that are left out on purpose.'),
});
