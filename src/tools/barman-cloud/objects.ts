// What lies in the object store below a server: barman-cloud has no program that lists the log, and none that says when a backup was
// made. Asked with boto3, which it reaches S3 with itself, by the Python that it runs in.

import { parseJson } from '../../lib/json.ts';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';
import { argvAs } from '../util-linux/as-user.ts';
import { classifyFailure } from './classify.ts';
import { barmanEnvironment, type BarmanCloud, type BarmanOptions } from './invoke.ts';
import { PROGRAM } from './version.ts';

export interface StoredObject {
  /** Below the directory of the server: 'wals/0000000100000000/000000010000000000000001.gz'. */
  readonly path: string;
  readonly size: Bytes;
  /** When it was written there. */
  readonly time: Instant;
}

export interface Times {
  readonly startedAt: Instant;
  readonly stoppedAt: Instant;
}

export interface ServerObjects {
  readonly objects: readonly StoredObject[];
  /** By the id of a backup; without those that do not say it. */
  readonly times: ReadonlyMap<string, Times>;
  /** How timelines began, by the names of their history files. */
  readonly histories: ReadonlyMap<string, string>;
}

/** Standard input says where. Its exit codes are those of barman-cloud. */
const SCRIPT = `
import bz2, gzip, json, sys
import boto3
from botocore.exceptions import ConnectionError, HTTPClientError
want = json.load(sys.stdin)
bucket, _, path = want["destination"][len("s3://"):].partition("/")
prefix = "/".join(part for part in (path.strip("/"), want["serverName"]) if part) + "/"
try:
    client = boto3.Session(profile_name=want["profile"]).client("s3", endpoint_url=want["endpointUrl"])
    objects, infos, histories = [], {}, {}
    read = lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            name = each["Key"][len(prefix):]
            objects.append([name, each["Size"], each["LastModified"].isoformat()])
            if name.startswith("base/") and name.endswith("/backup.info"):
                text = read(each["Key"]).decode("utf-8", "replace")
                infos[name.split("/")[1]] = dict(
                    line.split("=", 1) for line in text.splitlines() if line.startswith(("begin_time=", "end_time="))
                )
            elif name.startswith("wals/") and ".history" in name:
                unpack = {"gz": gzip.decompress, "bz2": bz2.decompress, "history": bytes}.get(name.rpartition(".")[2])
                if unpack:
                    histories[name[5:].partition(".")[0] + ".history"] = unpack(read(each["Key"])).decode("utf-8", "replace")
except (ConnectionError, HTTPClientError) as error:
    print(error, file=sys.stderr)
    sys.exit(2)
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(4)
json.dump({"objects": objects, "infos": infos, "histories": histories}, sys.stdout)
`;

const OPERATION = 'list the archive of';
const LIMIT = duration(10, 'm');

const instant = z.string().transform((text) => Date.parse(text.replace(' ', 'T')) as Instant);
const shape = z.object({
  objects: z.array(z.tuple([z.string(), z.number().nonnegative(), instant])),
  infos: z.record(z.string(), z.record(z.string(), z.string())),
  histories: z.record(z.string(), z.string()),
});

/** Throws `tool-output`. */
export function parseObjects(stdout: string, subject: string): ServerObjects {
  const parsed = shape.safeParse(parseJson(stdout));
  if (!parsed.success)
    throw new HoldfastError({
      code: 'tool-output',
      operation: OPERATION,
      subject,
      message: `Python did not print the list that it should: ${JSON.stringify(stdout.slice(0, 120))}`,
    });
  const { objects, infos, histories } = parsed.data;
  return {
    objects: objects.map(([path, size, time]) => ({ path, size: size as Bytes, time })), // S3 counts bytes
    times: new Map(
      Object.entries(infos).flatMap(([id, { begin_time: begin = '', end_time: end = '' }]) => {
        const [startedAt, stoppedAt] = [parseInstant(begin), parseInstant(end)];
        return startedAt === null || stoppedAt === null ? [] : [[id, { startedAt, stoppedAt }]];
      }),
    ),
    histories: new Map(Object.entries(histories)),
  };
}

/** Throws `repository-missing` where there is no such bucket, `repository-unreachable` where nothing answers. */
export async function serverObjects(access: BarmanCloud, { signal }: BarmanOptions): Promise<ServerObjects> {
  const { place, user, subject } = access;
  const [python = 'python3', ...rest] = interpreter();
  const { exitCode, endedBy, stdout, stderrTail } = await runProcess(
    {
      argv: argvAs(user, python, ...rest, '-c', SCRIPT),
      operation: OPERATION,
      subject,
      env: barmanEnvironment(access),
      cwd: '/',
      stdin: JSON.stringify(place),
    },
    { signal, timeout: LIMIT, verbatim: true },
  );
  if (exitCode === 0) return parseObjects(stdout, subject);
  throw classifyFailure({ program: python, operation: OPERATION, subject, exitCode, endedBy, stderrTail });
}

/** In which barman-cloud itself runs, be it a virtual environment. */
function interpreter(): string[] {
  const program = findProgram(PROGRAM);
  const [first = ''] = program === null ? [] : readFileSync(program, 'latin1').split('\n', 1);
  return interpreterIn(first);
}

export const interpreterIn = (line: string): string[] => {
  const [, words = ''] = /^#!\s*(\S*python\S*(?: .*)?|\S*\/env python\S*)\s*$/.exec(line) ?? [];
  return words === '' ? ['python3'] : words.split(/\s+/).filter(Boolean);
};
