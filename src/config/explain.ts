// The effective configuration for people and programs: each value with where it comes from. Passwords in URLs are masked.

import type { Json, JsonObject } from '../lib/json.ts';
import { maskUrlPassword } from '../process/mask.ts';
import type { EffectiveEntries, EffectiveEntry, Origin } from './effective.ts';
import { formatPath, type KeyPath } from './problems.ts';
import { shortName } from './resolve.ts';

export interface ExplainedValue {
  readonly path: KeyPath;
  readonly value: Json;
  /** `forge.yaml:12`, `defaults (forge.yaml:31)`, `class standard (built-in)`, `built-in`, `--state-dir`. */
  readonly origin: string;
}

/** All values in the order of the file; a map that does not fit on a line is told value by value. */
export const explainConfiguration = (entries: EffectiveEntries): ExplainedValue[] => entries.all.flatMap(explain);

function explain({ path, value, origin }: EffectiveEntry): ExplainedValue[] {
  if (origin.kind === 'written' && isMap(value) && inline(value).length > LONGEST_MAP) {
    return Object.entries(value).flatMap(([key, inner]) =>
      explain({ path: [...path, key], value: inner, origin: { ...origin, path: [...origin.path, key] } }),
    );
  }
  return [{ path, value: masked(value), origin: describeOrigin(origin) }];
}

/** In characters. */
const LONGEST_MAP = 50;

function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'option':
      return origin.option;
    case 'built-in':
      return origin.via === null
        ? 'built-in'
        : origin.via.startsWith('class ')
          ? `${origin.via} (built-in)`
          : `built-in: ${origin.via}`;
    case 'written': {
      const at = origin.document.locate(origin.path);
      const place = `${shortName(origin.document.file)}${at ? `:${at.line}` : ''}`;
      return origin.via === null ? place : `${origin.via} (${place})`;
    }
    default:
      return origin satisfies never;
  }
}

function masked(value: Json): Json {
  if (typeof value === 'string') return maskUrlPassword(value);
  if (isList(value)) return value.map(masked);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
  return value;
}

// Array.isArray does not narrow readonly arrays.
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** `{"services.sonarr.backup.timeout": {"value": "45m", "origin": "defaults (forge.yaml:31)"}}` and the same values as a tree. */
export function explainedJson(values: readonly ExplainedValue[]): {
  readonly configuration: JsonObject;
  readonly origins: JsonObject;
} {
  const configuration: Record<string, Json> = {};
  const origins: Record<string, Json> = {};
  for (const { path, value, origin } of values) {
    let parent = configuration;
    for (const [depth, key] of path.slice(0, -1).entries()) {
      const next = parent[key] ?? (typeof path[depth + 1] === 'number' ? [] : {});
      parent[key] = next;
      parent = next as Record<string, Json>; // only maps and lists, which we made here, have entries below them
    }
    const last = path.at(-1) ?? '';
    parent[last] ??= isEmptyMap(value) ? {} : value;
    if (!isEmptyMap(value)) origins[formatPath(path)] = origin;
  }
  return { configuration, origins };
}

const isMap = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !isList(value);
const isEmptyMap = (value: Json): boolean => isMap(value) && Object.keys(value).length === 0;

/** Valid YAML that could be the configuration, each value with its origin as a comment. A path may lead through lists. */
export function explainedYaml(values: readonly ExplainedValue[]): string {
  const lines: { text: string; origin: string }[] = [];
  const open: string[] = [];
  for (const [index, { path, value, origin }] of values.entries()) {
    const keys = path.map(String);
    let shared = 0;
    while (shared < keys.length - 1 && open[shared] === keys[shared]) shared++;
    let start = indent(shared);
    for (const [depth, key] of path.entries()) {
      if (depth < shared || depth === path.length - 1) continue;
      if (typeof key === 'number') start += '- '; // the first key of an item stands beside it
      else {
        lines.push({ text: `${start}${scalar(key)}:`, origin: '' });
        start = indent(depth + 1);
      }
    }
    open.splice(0, open.length, ...keys);
    const text = `${start}${scalar(keys.at(-1) ?? '')}:`;
    if (isEmptyMap(value)) lines.push({ text: isAbove(path, values[index + 1]) ? text : `${text} {}`, origin });
    else
      lines.push(
        ...valueLines(text, value, keys.length).map((line, at) => ({ text: line, origin: at === 0 ? origin : '' })),
      );
  }
  const width = Math.min(60, Math.max(0, ...lines.filter(({ origin }) => origin !== '').map(({ text }) => text.length)));
  return `${lines.map(({ text, origin }) => (origin === '' ? text : `${text.padEnd(width)}  # ${origin}`)).join('\n')}\n`;
}

/** What comes next lies in it; otherwise there is nothing in it, which says something, too: `recover: {}`. */
const isAbove = (path: KeyPath, next: ExplainedValue | undefined): boolean =>
  next !== undefined && next.path.length > path.length && path.every((key, depth) => next.path[depth] === key);

/** On one line while it is short; then one line for each entry. */
function valueLines(head: string, value: Json, depth: number): string[] {
  const flow = inline(value);
  if (head.length + flow.length < 100 || typeof value !== 'object' || value === null) return [`${head} ${flow}`];
  if (isList(value)) return [head, ...value.map((item) => `${indent(depth)}- ${inline(item)}`)];
  return [
    head,
    ...Object.entries(value).flatMap(([key, inner]) => valueLines(`${indent(depth)}${scalar(key)}:`, inner, depth + 1)),
  ];
}

function inline(value: Json): string {
  if (typeof value === 'string') return scalar(value);
  if (isList(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${scalar(key)}: ${inline(inner)}`)
      .join(', ')}}`;
  return String(value);
}

const indent = (depth: number): string => '  '.repeat(depth);

/** Plain where YAML reads it back as the same text, quoted otherwise. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z/][\w./@:+-]*(?<!:)$/.test(text) || /^\d+(?:\.\d+)?[A-Za-z%][\w/%]*$/.test(text);
  const isWord = /^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) || /^\d+e\d+$/i.test(text) || /^0[xob]/i.test(text);
  return isPlain && !isWord ? text : JSON.stringify(text);
}
