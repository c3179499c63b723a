// The bookkeeping behind the effective configuration: each value is chosen from where it was written, from the defaults, or
// from what is built in, and remembers which.

import type { Json } from '../lib/json.ts';
import type { SourceDocument } from './document.ts';
import type { KeyPath, Position } from './problems.ts';

export type Origin =
  | { readonly kind: 'written'; readonly document: SourceDocument; readonly path: KeyPath; readonly via: string | null }
  | { readonly kind: 'built-in'; readonly via: string | null }
  | { readonly kind: 'option'; readonly option: string };

export interface Choice<Value> {
  readonly value: Value;
  readonly origin: Origin;
}

export interface EffectiveEntry {
  readonly path: KeyPath;
  /** As it would be written in the file. */
  readonly value: Json;
  readonly origin: Origin;
}

export const builtIn = <Value>(value: Value, via: string | null = null): Choice<Value> => ({
  value,
  origin: { kind: 'built-in', via },
});

/** A value together with the place where it was written; undefined stays undefined. */
export const written = <Value>(
  value: Value | undefined,
  document: SourceDocument,
  path: KeyPath,
  via: string | null = null,
): Choice<Value> | undefined =>
  value === undefined ? undefined : { value, origin: { kind: 'written', document, path, via } };

/** A map of the file, to ask for its keys: each answer knows its place. */
export class Written<Shape extends object> {
  readonly document: SourceDocument;
  readonly path: KeyPath;
  readonly #value: Shape | undefined;
  readonly #via: string | null;

  constructor(value: Shape | undefined, document: SourceDocument, path: KeyPath, via: string | null = null) {
    this.#value = value;
    this.document = document;
    this.path = path;
    this.#via = via;
  }

  get<Key extends keyof Shape & string>(key: Key): Choice<NonNullable<Shape[Key]>> | undefined {
    return written(this.#value?.[key] ?? undefined, this.document, [...this.path, key], this.#via);
  }

  /** A map inside of this one. The caller says its type, because a union of maps has no single one. */
  inside<Inner extends object>(key: string, value: Inner | undefined): Written<Inner> {
    return new Written(value, this.document, [...this.path, key], this.#via);
  }
}

/** All effective values in the order in which they are shown. */
export class EffectiveEntries {
  readonly all: EffectiveEntry[] = [];
  readonly #byPath = new Map<string, EffectiveEntry>();

  /** Notes the choice (unless it is that there is no value) and returns its value. */
  add<Value>(path: KeyPath, choice: Choice<Value>, shown: Json = choice.value as Json): Value {
    // The cast holds because only values of the file, which are JSON, are noted without saying how they are shown.
    if (shown !== null) {
      const entry = { path, value: shown, origin: choice.origin };
      this.all.push(entry);
      this.#byPath.set(JSON.stringify(path), entry);
    }
    return choice.value;
  }

  /** What follows from other values comes to one that was noted; its place stays where it was written. */
  amend(path: KeyPath, value: Json): void {
    const key = JSON.stringify(path);
    const before = this.#byPath.get(key);
    const entry = { path, value, origin: before?.origin ?? builtIn(null).origin };
    const index = before ? this.all.indexOf(before) : this.all.length;
    this.all.splice(index, before ? 1 : 0, entry);
    this.#byPath.set(key, entry);
  }

  /** Where the value at an effective path was written; its parents' places are tried when it was not. */
  locate(path: KeyPath): { readonly file: string; readonly position: Position | null } | null {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#byPath.get(JSON.stringify(path.slice(0, length)))?.origin;
      if (origin?.kind === 'written') {
        return { file: origin.document.file, position: origin.document.locate([...origin.path, ...path.slice(length)]) };
      }
    }
    return null;
  }
}
