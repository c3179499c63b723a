// A document against the schema: problems in words, each at its place in the file.

import type { z } from 'zod';
import type { Json } from '../lib/json.ts';
import type { ConfigProblem } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { formatPath, type KeyPath, problem } from './problems.ts';

type Issue = z.core.$ZodIssue;

export interface Validated<Value> {
  /** What is valid. When something is not, null, unless `salvage` could leave the broken entries out. */
  readonly value: Value | null;
  readonly problems: readonly ConfigProblem[];
  /** 'services.sonarr': entries that were left out because something in them is wrong. */
  readonly leftOut: ReadonlySet<string>;
  /** 'services.sonarr.backup': maps out of which unknown keys were taken. What they lack may be what was misspelt. */
  readonly misspelt: ReadonlySet<string>;
}

/**
 * Checks a document. Unknown keys are taken out, broken repositories, services, gates and other entries left out, and the rest is
 * checked as a whole, so that the cross-checks of the sound part are reported together with what is broken.
 */
export function validate<Schema extends z.ZodType>(document: SourceDocument, schema: Schema): Validated<z.infer<Schema>> {
  const result = schema.safeParse(document.data);
  if (result.success) return { value: result.data, problems: [], leftOut: new Set(), misspelt: new Set() };
  const problems = result.error.issues.flatMap((issue) => explain(issue, [], document));
  const data = structuredClone(document.data);
  const misspelt = new Set<string>();
  for (const issue of result.error.issues)
    if (issue.code === 'unrecognized_keys') misspelt.add(formatPath(takeOut(data, issue.path, issue.keys)));
  const leftOut = new Set<string>();
  for (const issue of result.error.issues)
    if (issue.code !== 'unrecognized_keys') leftOut.add(formatPath(leaveOut(data, issue)));
  const rest = schema.safeParse(data);
  return { value: rest.success ? rest.data : null, problems, leftOut, misspelt };
}

/** Removes keys that mean nothing from the map at `path`, which is answered. */
function takeOut(data: Json, path: readonly PropertyKey[], keys: readonly string[]): KeyPath {
  const steps = path.map(String);
  const holder = steps.reduce((map, key) => (map as Record<string, Json>)[key] ?? null, data); // the schema has been there
  for (const key of keys) delete (holder as Record<string, Json>)[key]; // part of our own copy
  return path.map((key) => (typeof key === 'symbol' ? String(key) : key));
}

/** Removes the top-level key, or its entry for the maps of named things, that an issue is about. Returns its path. */
function leaveOut(data: Json, issue: Issue): KeyPath {
  const [top, entry] = issue.path.map(String);
  const root = data as Record<string, Json>; // a fresh copy of our own
  if (top === undefined) return [];
  const holder = root[top];
  const isNamed = top === 'services' || top === 'repositories' || top === 'gate';
  if (!isNamed || entry === undefined || typeof holder !== 'object' || holder === null) {
    delete root[top];
    return [top];
  }
  delete (holder as Record<string, Json>)[entry]; // part of the same copy
  return [top, entry];
}

function explain(issue: Issue, parents: KeyPath, document: SourceDocument): ConfigProblem[] {
  const path = [...parents, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  const report = (at: KeyPath, message: string): ConfigProblem =>
    problem(document.file, message, formatPath(at), document.locate(at));
  switch (issue.code) {
    case 'unrecognized_keys': {
      const lines = issue.message.split('\n');
      return issue.keys.map((key, index) => report([...path, key], lines[index] ?? issue.message));
    }
    case 'invalid_key':
      return [
        report(
          path,
          `'${String(path.at(-1)).slice(0, 60)}' cannot be a name here: ${issue.issues[0]?.message ?? issue.message}`,
        ),
      ];
    case 'invalid_union': {
      const branch = bestBranch(issue.errors);
      return branch
        ? branch.flatMap((inner) => explain(inner, path, document))
        : [report(path, withFound(issue.message, path, document))];
    }
    default:
      return [report(path, withFound(issue.message, path, document))];
  }
}

/** Of a union's branches, the one that fits as a whole and is wrong only inside; null when none fits at all. */
function bestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const inside = branches.filter(
    (issues) =>
      issues.length > 0 &&
      issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'too_small'),
  );
  return inside.toSorted((a, b) => a.length - b.length)[0] ?? null;
}

/** 'expected X' becomes 'expected X, found Y', or says that it is missing. */
function withFound(message: string, path: KeyPath, document: SourceDocument): string {
  if (!message.startsWith('expected')) return message;
  const found = valueAt(document.data, path);
  if (found === undefined) return `is missing: ${message}`;
  const [rule, ...suggestion] = message.split('; did you mean');
  return [`${rule}, found ${describe(found)}`, ...suggestion].join('; did you mean');
}

function valueAt(data: Json, path: KeyPath): Json | undefined {
  let value: Json | undefined = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === String(key))?.[1];
  }
  return value;
}

function describe(value: Json): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string')
    return value === '' ? 'empty text' : `'${value.length > 60 ? `${value.slice(0, 60)}...` : value}'`;
  return `the ${typeof value === 'number' ? 'number ' : 'value '}${value}`;
}
