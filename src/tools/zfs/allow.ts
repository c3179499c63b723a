// zfs allow: what a user who is not root may do with a dataset and all beneath it.

import { askAt, type ZfsEnd } from './end.ts';

export interface Account {
  readonly user: string;
  readonly groups: readonly string[];
  readonly isRoot: boolean;
}

/** Who commands are run as there. Throws as `askAt`. */
export async function accountAt(end: ZfsEnd, signal: AbortSignal): Promise<Account> {
  const ask = (...argv: [string, ...string[]]): Promise<string> =>
    askAt(end, { argv, operation: 'ask who', subject: end.host ?? 'this user' }, signal);
  const [user, groups, uid] = await Promise.all([ask('id', '-un'), ask('id', '-Gn'), ask('id', '-u')]);
  return { user: user.trim(), groups: groups.trim().split(/\s+/), isRoot: uid.trim() === '0' };
}

/** Throws as `askAt`, also where there is no such dataset. */
export const allowedAt = async (
  end: ZfsEnd,
  dataset: string,
  account: Account,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> =>
  parseAllowed(
    await askAt(end, { argv: ['zfs', 'allow', dataset], operation: 'ask for the permissions on', subject: dataset }, signal),
    dataset,
    account,
  );

/**
 * Blocks '---- Permissions on DATASET ---' of the dataset and of those above it, each with 'Permission sets:' and who may what
 * 'Local+Descendent permissions:'. What holds only for the dataset itself, or only for what is created, is not enough.
 */
export function parseAllowed(stdout: string, dataset: string, { user, groups }: Account): ReadonlySet<string> {
  const granted: string[] = [];
  const sets = new Map<string, readonly string[]>();
  let [on, section] = ['', ''];
  for (const line of stdout.split('\n')) {
    const block = /^-+ Permissions on (.+?) -+$/.exec(line);
    if (block) on = block[1] ?? '';
    else if (/^\S.*:$/.test(line)) section = line;
    else {
      const [, who = '', list = ''] = /^\t(.+) (\S+)$/.exec(line) ?? [];
      const words = list.split(',');
      if (section === 'Permission sets:') sets.set(who, words);
      const reaches =
        section === 'Local+Descendent permissions:' || (section === 'Descendent permissions:' && on !== dataset);
      const isMeant = who === `user ${user}` || who === 'everyone' || groups.some((group) => who === `group ${group}`);
      if (reaches && isMeant) granted.push(...words);
    }
  }
  return new Set(granted.flatMap((word) => sets.get(word) ?? [word]));
}
