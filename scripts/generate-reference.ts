// Writes docs/reference/configuration.md from the configuration's schema. A test fails while the page is stale:
// run `node scripts/generate-reference.ts` after changing the schema.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { configurationJsonSchema } from '../src/config/json-schema.ts';
import type { Json, JsonObject } from '../src/lib/json.ts';

export const CONFIGURATION_PAGE = 'docs/reference/configuration.md';

const INTRODUCTION = `# Configuration

<!-- Generated from the schema by scripts/generate-reference.ts; do not edit. -->

One file, YAML or JSON, describes a host: \`--config FILE\`, else \`$HOLDFAST_CONFIG\`, \`./holdfast.yaml\`,
\`~/.config/holdfast/holdfast.yaml\` (for everybody but root), \`/etc/holdfast/holdfast.yaml\`. Further services may stand in
\`services.d/*.yaml\` beside it, each file with a \`services:\` map like the one of the main file; a service is declared once.
[forge.yaml](../forge.yaml) shows a whole host.

- \`holdfast config check\` says what is wrong with file, line and column, and exits with 78. All problems are told together,
  but a part that is too broken to be understood (text where a map belongs, a file that is no YAML) is told as such, and what
  else is wrong in it once it is mended.
- \`holdfast config show\` prints what holds in the end and where each value comes from.
- \`holdfast config schema > holdfast.schema.json\` and \`# yaml-language-server: $schema=holdfast.schema.json\` in the first
  line make an editor complete and check while you type.

How values are written: a **duration** is \`90s\`, \`45m\`, \`26h\`, \`7d\`, \`2w\` or joined (\`1d12h\`); a **size** is \`500MB\` (10^6) or
\`500MiB\` (2^20); a **rate** is a size and \`/s\`; a **percentage** is \`80%\`. Paths are absolute; \`~\` is not expanded. Commands are
lists of a program and its arguments; there is no shell. Secrets never stand here, only the files that hold them.
Top-level keys that begin with \`x-\` are ignored: a place for YAML anchors.

What a service writes replaces what stands under \`defaults\` for the same key as a whole: its own \`exclude\` or \`retention\`
is not mixed with the default one. Only \`protection\` is put together word by word: the service's, then the defaults' (when
both mean the same class), then the class's, then what is built in.
`;

interface Section {
  readonly path: string;
  readonly schema: JsonObject;
  readonly depth: number;
}

/** The page as Markdown. */
export function configurationReference(): string {
  const lines = [INTRODUCTION];
  writeSection({ path: '', schema: configurationJsonSchema(), depth: 1 }, lines);
  return `${lines.join('\n').trimEnd()}\n`;
}

function writeSection({ path, schema, depth }: Section, lines: string[]): void {
  const required = listOf(schema['required']);
  const inner: Section[] = [];
  if (path !== '') {
    lines.push(`\n${'#'.repeat(Math.min(depth, 4))} \`${path}\`\n`);
    if (typeof schema['description'] === 'string') lines.push(`${schema['description']}\n`);
  } else lines.push('\n## The file\n');
  lines.push('| key | value | when not written | meaning |', '| --- | --- | --- | --- |');
  for (const [key, value] of Object.entries(objectOf(schema['properties']))) {
    const property = objectOf(value);
    const full = path === '' ? key : `${path}.${key}`;
    const standard =
      property['default'] === undefined ? (required.includes(key) ? 'required' : '') : `\`${short(property['default'])}\``;
    lines.push(
      `| \`${key}\` | ${cell(kindOf(property))} | ${cell(standard)} | ${cell(short(property['description'] ?? ''))} |`,
    );
    inner.push(...sectionsOf(full, property, depth + 1));
  }
  for (const section of inner) writeSection(section, lines);
}

/** The maps with keys of their own below a property: itself, its entries, its items, or the forms it may take. */
function sectionsOf(path: string, schema: JsonObject, depth: number): Section[] {
  if (schema['properties'] !== undefined) return [{ path, schema, depth }];
  const entries = objectOf(schema['additionalProperties']);
  if (entries['type'] !== undefined || entries['anyOf'] !== undefined || entries['oneOf'] !== undefined)
    return sectionsOf(`${path}.<name>`, entries, depth);
  if (schema['items'] !== undefined) return sectionsOf(`${path}[]`, objectOf(schema['items']), depth);
  return formsOf(schema).flatMap((form) => {
    const type = objectOf(objectOf(form['properties'])['type'])['const'];
    return sectionsOf(typeof type === 'string' ? `${path} (type: ${type})` : path, form, depth);
  });
}

function kindOf(schema: JsonObject): string {
  const values = listOf(schema['enum']);
  if (values.length > 0) return values.map((value) => `\`${short(value)}\``).join(', ');
  if (schema['const'] !== undefined) return `\`${short(schema['const'])}\``;
  const forms = formsOf(schema);
  if (forms.length > 0) return [...new Set(forms.map(kindOf))].join(' or ');
  const examples = listOf(schema['examples']);
  switch (schema['type']) {
    case 'array':
      return `list of ${kindOf(objectOf(schema['items']))}`;
    case 'object':
      return schema['properties'] === undefined
        ? `map of names to ${kindOf(objectOf(schema['additionalProperties']))}`
        : 'map';
    case 'integer':
      return 'number';
    case 'boolean':
      return 'true or false';
    default:
      if (examples.length > 0) return `such as ${examples.map((example) => `\`${short(example)}\``).join(', ')}`;
      return schema['pattern'] === '^/' ? 'absolute path' : 'text';
  }
}

const formsOf = (schema: JsonObject): JsonObject[] => [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].map(objectOf);
const short = (value: Json): string =>
  typeof value === 'string'
    ? value
    : JSON.stringify(value)
        .replaceAll('"', '')
        .replaceAll(/([,:])/g, '$1 ');
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}; // not a list: a map
}

if (import.meta.main) writeFileSync(join(resolve(import.meta.dirname, '..'), CONFIGURATION_PAGE), configurationReference());
