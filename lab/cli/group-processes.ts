// The processes of all hosts, as the kernel knows them: by their control groups. A pid that was noted down may be another's now.

import { readdirSync, readFileSync } from 'node:fs';

export interface GroupProcesses {
  readonly pids: number[];
  /** systemd of a container: its namespaces are the container's. */
  leader: number | null;
}

/** By 'RUN/HOST'. */
export function groupProcesses(): Map<string, GroupProcesses> {
  const groups = new Map<string, GroupProcesses>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const [, group = '', rest] = /^0::\/holdfast-lab\/([^/\n]+\/[^/\n]+)(.*)$/m.exec(contentOf(pid, 'cgroup')) ?? [];
    if (group === '') continue;
    const found = groups.get(group) ?? { pids: [], leader: null };
    groups.set(group, found);
    found.pids.push(Number(pid));
    if (rest === '/payload/init.scope' && /^NSpid:.*\t1$/m.test(contentOf(pid, 'status'))) found.leader = Number(pid);
  }
  return groups;
}

function contentOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
