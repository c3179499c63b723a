// One YAML or JSON text as plain data that remembers where each value stands. It knows nothing of what the values mean.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import type { Json } from '../lib/json.ts';
import type { ConfigProblem } from './configuration.ts';
import { formatPath, type KeyPath, type Position, problem } from './problems.ts';

export interface SourceDocument {
  /** Absolute path, or `<standard input>`. */
  readonly file: string;
  readonly data: Json;
  /** Where the value at `path` stands (for a map's entry: its key); the nearest written parent when it is not there itself. */
  locate(path: KeyPath): Position | null;
}

/** An alias may be used often, but what all of them unfold to is bounded: a few lines must not become gigabytes. */
const MAX_ALIAS_COUNT = 1000;
const MAX_PROBLEMS = 20;

/** The document, or what is wrong with the text. Never throws for any text. */
export function parseSource(file: string, text: string): SourceDocument | readonly ConfigProblem[] {
  const lines = new LineCounter();
  const at = (offset: number | undefined): Position | null => {
    if (offset === undefined) return null;
    const { line, col } = lines.linePos(offset);
    return line === 0 ? null : { line, column: col };
  };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      merge: true,
      prettyErrors: false,
      uniqueKeys: false, // quadratic there; inspect() below finds them in one pass and names both places
      logLevel: 'error',
    });
    const failures = [...document.errors, ...document.warnings];
    if (failures.length > 0) {
      return failures
        .slice(0, MAX_PROBLEMS)
        .map((failure) => problem(file, explainFailure(failure, text), '', at(failure.pos[0])));
    }
    if (document.contents === null || isEmpty(document.contents)) return [problem(file, 'the file is empty')];
    const defects = inspect(document, file, at);
    if (defects.length > 0) return defects.slice(0, MAX_PROBLEMS);
    const data = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) as Json; // what the YAML core schema can hold
    return { file, data, locate: (path) => at(offsetOf(document, path)) };
  } catch (error) {
    if (error instanceof RangeError) return [problem(file, 'this is nested too deeply to be a configuration')];
    if (error instanceof ReferenceError)
      return [problem(file, 'the aliases (*name) in this file unfold to far too much data')];
    throw error;
  }
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null && (node.source ?? '') === '';

function explainFailure(failure: YAMLError, text: string): string {
  switch (failure.code) {
    case 'TAB_AS_INDENT':
      return 'a tab is used for indentation; YAML wants spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document starts here (---); the configuration is one document';
    case 'TAG_RESOLVE_FAILED':
      return `unknown tag ${text.slice(...failure.pos).slice(0, 40)}; tags are not used here`;
    case 'RESOURCE_EXHAUSTION':
      return 'this is nested too deeply to be a configuration';
    default: {
      const line = text.slice(text.lastIndexOf('\n', failure.pos[0] - 1) + 1, failure.pos[0]);
      const tab = /^\s*\t/.test(line) ? ' (the line starts with a tab; YAML wants spaces)' : '';
      return `not valid YAML: ${failure.message.slice(0, 200)}${tab}`;
    }
  }
}

/** What YAML allows and a configuration must not have: a key twice, a key that is not text, an alias inside of itself. */
function inspect(document: Document, file: string, at: (offset: number | undefined) => Position | null): ConfigProblem[] {
  const defects: ConfigProblem[] = [];
  const anchors = new Set<string>();
  const visit = (node: unknown, path: KeyPath, open: ReadonlySet<string>): void => {
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.add(anchor);
    const inside = anchor === undefined ? open : new Set([...open, anchor]);
    if (isAlias(node)) {
      const where = at(node.range?.[0]);
      if (inside.has(node.source))
        defects.push(
          problem(file, `*${node.source} stands inside of &${node.source}: it would never end`, formatPath(path), where),
        );
      else if (!anchors.has(node.source))
        defects.push(problem(file, `there is no anchor &${node.source} above this`, formatPath(path), where));
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) visit(item, [...path, index], inside);
    } else if (isMap(node)) {
      const seen = new Map<string, Position | null>();
      for (const { key, value } of node.items) {
        if (!isScalar(key)) {
          defects.push(problem(file, 'a key must be text', formatPath(path), at(rangeOf(key) ?? node.range?.[0])));
          continue;
        }
        const name = keyText(key.value);
        const where = at(key.range?.[0]);
        // A map made of it has no such entry: what stands there would be lost in silence.
        if (name === '__proto__')
          defects.push(problem(file, "'__proto__' cannot be a key", formatPath([...path, name]), where));
        const first = seen.get(name);
        if (first !== undefined)
          defects.push(
            problem(
              file,
              `the key '${name.slice(0, 60)}' is written twice, first in line ${first?.line}`,
              formatPath([...path, name]),
              where,
            ),
          );
        else seen.set(name, where);
        visit(value, [...path, name], inside);
      }
    }
  };
  visit(document.contents, [], new Set());
  return defects;
}

function offsetOf(document: Document, path: KeyPath): number | undefined {
  let node: unknown = document.contents;
  let offset = rangeOf(node);
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && keyText(key.value) === String(step));
      if (!pair) return offset;
      offset = rangeOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (node === undefined) return offset;
      offset = rangeOf(node);
    } else return offset;
  }
  return offset;
}

const rangeOf = (node: unknown): number | undefined =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;

/** As toJS() writes a key. */
const keyText = (value: unknown): string =>
  typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
