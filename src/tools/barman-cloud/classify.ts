// What a barman-cloud that did not succeed means. Its codes are few (1: it answered, and it did not work; 2: it did not answer; 3: the
// command line; 4: anything else), so its words are asked as well. Whatever is not understood is no answer.

import type { HoldfastError } from '../../lib/errors.ts';
import { type Meaning, toolError, type ToolFailure } from '../../process/tool-failure.ts';

export interface BarmanFailure extends ToolFailure {
  readonly program: string;
}

const UNREACHABLE: Meaning = {
  code: 'repository-unreachable',
  hint: 'Nothing is known about what is there: it did not answer. Check network, endpointUrl and certificates.',
  retry: 'later',
};

/** The first that fits. */
const BY_WORDS: readonly (readonly [RegExp, Meaning])[] = [
  [
    /Unable to locate credentials|\b(?:403|401)\b|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden|config profile .* could not be found/i,
    {
      code: 'permission-denied',
      hint: 'Does the credentials file hold a key that may use this bucket, and can the user who runs the server read it?',
      retry: 'later',
    },
  ],
  [
    /Bucket \S+ does not exist|NoSuchBucket/,
    {
      code: 'repository-missing',
      hint: 'If it should be there, find out why it is gone before anything else. If it is new, make the bucket.',
      retry: 'later',
    },
  ],
  [
    /No module named '?(?:boto3|botocore)/,
    {
      code: 'tool-missing',
      hint: 'boto3 has to be there for the python3 that runs barman-cloud. On Debian and Ubuntu: apt install python3-boto3.',
      retry: 'never',
    },
  ],
  [
    /Cannot connect to postgres/,
    {
      code: 'source-missing',
      hint: 'Is the server running, and do socket, port and user of the service say where?',
      retry: 'later',
    },
  ],
  [
    /Backup \S+ for server \S+ does not exist/,
    {
      code: 'snapshot-missing',
      hint: 'Another may have removed it meanwhile. See what is there: barman-cloud-backup-list',
      retry: 'never',
    },
  ],
  [
    /No space left on device/,
    { code: 'no-space', hint: 'Free some space there. Nothing that was saved is lost.', retry: 'later' },
  ],
  [/Could not connect to the endpoint|Can't connect to cloud provider|timed? ?out|Connection was closed/i, UNREACHABLE],
];

const BY_CODE: ReadonlyMap<number, Meaning> = new Map([
  [2, UNREACHABLE],
  [3, { code: 'config', hint: 'Is this a version of barman-cloud that Holdfast knows (3.4 or newer)?', retry: 'never' }],
]);

export const classifyFailure = (failure: BarmanFailure): HoldfastError =>
  toolError(failure.program, failure, meaningOf(failure), saidBy(failure.stderrTail));

function meaningOf({ exitCode, endedBy, stderrTail, program }: BarmanFailure): Meaning {
  const known = exitCode === null ? undefined : BY_CODE.get(exitCode);
  if (known) return known;
  const said = stderrTail.map((line) => line.replace(LOG, '')); // a time, or a process, may read like a code of HTTP
  const told = BY_WORDS.find(([words]) => said.some((line) => words.test(line)));
  if (told) return told[1];
  if (endedBy) return { code: 'interrupted', hint: 'Run it again.', retry: 'now' };
  return { code: 'tool-failed', hint: `See the last lines of ${program} above.`, retry: 'later' };
}

/** `2026-11-22 23:47:34,497 [16876] ERROR: Expected empty archive` without what stands before it; null where it said none. */
export function saidBy(stderrTail: readonly string[]): string | null {
  const line = stderrTail.findLast((each) => LOG.test(each)) ?? stderrTail.at(-1);
  return line === undefined ? null : line.replace(LOG, '').trim();
}

const LOG = /^\S+ \S+ \[\d+\] (?:ERROR|CRITICAL): /;
