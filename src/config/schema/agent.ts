// The daemon of this host: where it listens, and whether it starts what recurs by itself.

import { z } from 'zod';
import { absolutePath, flag, name, optional, required, section } from './scalars.ts';

export const DEFAULT_SOCKET = '/run/holdfast/agent.sock';
export const DEFAULT_GROUP = 'holdfast';

/** The kernel's limit for the address of a Unix socket (108 bytes with its end), less what its neighbours are called. */
const LONGEST_SOCKET = 90;

const socket = absolutePath.max(LONGEST_SOCKET, {
  error: `expected a path of at most ${LONGEST_SOCKET} characters: the kernel takes no longer ones for sockets`,
});

const LISTEN = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/;
const LISTEN_RULE = 'expected an address and a port such as 127.0.0.1:8043 or [::1]:8043';

/** Null when the text is not an address with a port. */
export function parseListen(text: string): { readonly host: string; readonly port: number } | null {
  const { v6, host, port } = LISTEN.exec(text)?.groups ?? {};
  const number = Number(port);
  if (port === undefined || number > 65_535) return null;
  return { host: v6 ?? host ?? '', port: number };
}

export const agentSchema = section({
  socket: optional(socket, 'The Unix socket that the agent listens on.', DEFAULT_SOCKET),
  group: optional(
    name,
    'Its members may use the socket, and with it every capability; nobody but the owner where there is no such group.',
    DEFAULT_GROUP,
  ),
  schedule: optional(
    flag,
    'Whether the agent itself starts what recurs. Only where there is no systemd when not written: there timers do.',
  ),
  tcp: optional(
    section({
      listen: required(
        z
          .string({ error: LISTEN_RULE })
          .refine((text) => parseListen(text) !== null, { error: LISTEN_RULE })
          .meta({ examples: ['127.0.0.1:8043', '[::1]:8043'] }),
        'The address and the port.',
      ),
      certificateFile: required(
        absolutePath,
        'The certificate, and those that it rests on, as PEM. A renewed one is shown after `systemctl reload holdfast-agent`.',
      ),
      keyFile: required(absolutePath, 'Its private key as PEM, for nobody but the owner to read.'),
    }),
    'Whether it listens on the network too: with TLS, and for nobody without a token.',
  ),
});
