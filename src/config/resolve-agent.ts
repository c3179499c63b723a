// Where the agent listens: what is written, over what is built in.

import type { AgentConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import { DEFAULT_GROUP, DEFAULT_SOCKET, parseListen } from './schema/agent.ts';
import type { AgentFile } from './schema.ts';

export function resolveAgent(
  value: AgentFile | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): AgentConfig {
  const path = ['agent'];
  const agent = new Written(value, document, path);
  // what holds without the section is not shown: what is shown makes one when it is read again
  const add = <Value>(key: string, choice: Choice<Value>): Value =>
    value === undefined ? choice.value : entries.add([...path, key], choice);
  const socket = add('socket', agent.get('socket') ?? builtIn(DEFAULT_SOCKET));
  const group = add('group', agent.get('group') ?? builtIn(DEFAULT_GROUP));
  const schedule = add<boolean | null>('schedule', agent.get('schedule') ?? builtIn(null));
  const tcp = agent.get('tcp');
  if (tcp) add('tcp', tcp);
  const address = tcp ? parseListen(tcp.value.listen) : null;
  return {
    declared: value !== undefined,
    socket: normalPath(socket),
    group,
    schedule,
    tcp:
      tcp && address
        ? { ...address, certificateFile: normalPath(tcp.value.certificateFile), keyFile: normalPath(tcp.value.keyFile) }
        : null,
  };
}
