// What a pgBackRest that did not succeed means: its exit code -> one typed error with the way on. Its codes are its contract;
// its words are told, and never judged.

import type { HoldfastError } from '../../lib/errors.ts';
import { type Meaning, toolError, type ToolFailure } from '../../process/tool-failure.ts';

const OTHER_CLUSTER: Meaning = {
  code: 'refused',
  hint:
    'The server is another cluster than the one in the repository: a new one in the place of the old, or a wrong dataDir. ' +
    'Find out which before anything else, and never run stanza-upgrade for it: its backups would expire those of the old one.',
  retry: 'never',
};

const CONFIGURATION: Meaning = {
  code: 'config',
  hint: 'Compare the configuration of pgBackRest with what is declared: `holdfast postgres configure SERVICE --dry-run`.',
  retry: 'never',
};

const NOT_THERE: Meaning = {
  code: 'repository-missing',
  hint:
    'If it should be there, find out why it is gone before anything else: is its filesystem mounted? If it is new: ' +
    '`holdfast postgres configure SERVICE`.',
  retry: 'later',
};

const DAMAGED: Meaning = {
  code: 'repository-damaged',
  hint: 'Keep the other copies. `pgbackrest verify` tells what is damaged in this one.',
  retry: 'never',
};

const SERVER: Meaning = {
  code: 'source-missing',
  hint: 'Is the server running, and do socket, port and user of the service say where? It must be one that is not in recovery.',
  retry: 'later',
};

const ARCHIVING: Meaning = {
  code: 'failed',
  hint:
    'The server does not archive: without its WAL no backup can be restored. See its log, and what the server needs: ' +
    '`holdfast postgres configure SERVICE --dry-run`.',
  retry: 'later',
};

const PERMISSION: Meaning = {
  code: 'permission-denied',
  hint: 'Everything in the repository belongs to the user who runs the server: see who owns what is named above.',
  retry: 'later',
};

const UNREACHABLE: Meaning = {
  code: 'repository-unreachable',
  hint: 'Nothing is known about the repository: it did not answer. Check network, host name, keys and certificates.',
  retry: 'later',
};

/** By the exit code, which is the number of the error in its source. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [28, OTHER_CLUSTER],
  [29, DAMAGED],
  [30, CONFIGURATION],
  [31, CONFIGURATION],
  [32, CONFIGURATION],
  [37, CONFIGURATION],
  [39, PERMISSION],
  [41, PERMISSION],
  [42, PERMISSION],
  [43, PERMISSION],
  [45, PERMISSION],
  [47, PERMISSION],
  [49, UNREACHABLE],
  [
    50,
    {
      code: 'busy',
      hint: 'Another pgBackRest works on this stanza: wait for it. If it is dead, its workers may live and hold the lock: ps -ef | grep pgbackrest',
      retry: 'later',
    },
  ],
  [51, OTHER_CLUSTER],
  [55, NOT_THERE],
  [56, SERVER],
  [57, SERVER],
  [58, { code: 'failed', hint: 'The timelines of the server and of the archive do not fit together.', retry: 'never' }],
  [
    62,
    {
      code: 'refused',
      hint: 'Somebody stopped pgBackRest for this stanza. When that is over: pgbackrest --stanza=STANZA start',
      retry: 'later',
    },
  ],
  [68, ARCHIVING],
  [75, { code: 'snapshot-missing', hint: 'List what is there: `holdfast snapshots SERVICE`.', retry: 'never' }],
  [82, ARCHIVING],
  [87, ARCHIVING],
  [95, DAMAGED],
  [103, NOT_THERE],
]);

const NO_SPACE: Meaning = {
  code: 'no-space',
  hint: 'Free some space there, or keep fewer backups. Nothing that was saved is lost.',
  retry: 'later',
};

/** The error for a pgBackRest that ended without success; the message is its own. */
export function classifyFailure(failure: ToolFailure): HoldfastError {
  const meaning = meaningOf(failure);
  const hint = meaning.hint.replaceAll('SERVICE', failure.subject);
  return toolError('pgbackrest', failure, { ...meaning, hint }, errorText(failure.stderrTail));
}

function meaningOf({ exitCode, endedBy, stderrTail }: ToolFailure): Meaning {
  if (stderrTail.some((line) => /\[28\] No space left|\[122\] Disk quota/i.test(line))) return NO_SPACE;
  const known = exitCode === null ? undefined : MEANINGS.get(exitCode);
  if (known) return known;
  if (exitCode === 63 || endedBy)
    return { code: 'interrupted', hint: 'Run it again: it goes on with the files that it has.', retry: 'now' };
  return { code: 'tool-failed', hint: 'See the last lines of pgbackrest above, and its log.', retry: 'later' };
}

/** `ERROR: [055]: unable to ...` without number and prefix; null where it has said none. */
export function errorText(stderrTail: readonly string[]): string | null {
  const line = stderrTail.findLast((each) => /^(?:P\d+ +)?ERROR: /.test(each.trim()));
  return line === undefined ? null : line.trim().replace(/^(?:P\d+ +)?ERROR: (?:\[\d+\]: )?/, '');
}
