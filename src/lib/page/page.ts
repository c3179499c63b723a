// A page of text as data, for people who read it on paper: written once, rendered as Markdown and as HTML. Everything that
// somebody else named (a path, a service) is a `Code`, which is shown as it is.

export interface Code {
  readonly code: string;
}
/** A sentence that is not our own: nothing in it is markup. */
export interface Said {
  readonly said: string;
}
export interface Strong {
  readonly strong: Text;
}
export type Text = readonly (string | Code | Said | Strong)[];

export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: Text }
  | { readonly kind: 'paragraph'; readonly text: Text }
  /** Something that must not be passed over. */
  | { readonly kind: 'warning'; readonly text: Text }
  | { readonly kind: 'list'; readonly items: readonly Text[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Text[])[] }
  /** To be typed, in order, all of them: in Markdown the blocks marked `sh`. */
  | { readonly kind: 'commands'; readonly lines: readonly string[] }
  /** To be typed only when the text says so: in Markdown the blocks marked `text`. */
  | { readonly kind: 'alternative'; readonly lines: readonly string[] };

export interface Page {
  readonly title: Text;
  readonly blocks: readonly Block[];
}

/** `words`, and whatever is put into it as code unless it says itself what it is. */
export const text = (
  words: readonly string[],
  ...values: readonly (string | number | Code | Said | Strong | Text)[]
): Text =>
  words.flatMap((word, index) => {
    const value = values[index];
    const plain = word === '' ? [] : [word];
    if (value === undefined) return plain;
    if (typeof value === 'object') return [...plain, ...(isText(value) ? value : [value])];
    return [...plain, code(String(value))];
  });

const isText = (value: Code | Said | Strong | Text): value is Text => Array.isArray(value);

export const said = (value: string): Said => ({ said: value });
export const code = (value: string): Code => ({ code: value });
export const strong = (value: string | Text): Strong => ({ strong: typeof value === 'string' ? [value] : value });

/** Values as code, with commas between. */
export const codes = (values: readonly string[]): Text =>
  values.flatMap((value, index) => (index === 0 ? [code(value)] : [', ', code(value)]));

/** Of several texts one. */
export const joined = (texts: readonly Text[], between = ' '): Text =>
  texts.flatMap((each, index) => (index === 0 ? each : [between, ...each]));

/** What cannot be seen on paper, as an escape. */
export const seen = (value: string): string =>
  value.replaceAll(
    /\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
