// Writes docs/reference/api.md from the agent's own description of its API. A test fails while the page is stale:
// run `node scripts/generate-api-reference.ts` after changing a route.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openapiDocument } from '../src/agent/openapi.ts';
import { runEventShape } from '../src/engine/api/report-shape.ts';
import type { Json, JsonObject } from '../src/lib/json.ts';
import { z } from 'zod';

export const API_PAGE = 'docs/reference/api.md';

const INTRODUCTION = `# The agent's API

<!-- Generated from the routes by scripts/generate-api-reference.ts; do not edit. -->

Where the agent listens, and who may ask: [the guide](../guide/agent.md). The agent itself tells all of this as OpenAPI 3.1 under
\`/openapi.json\`. Times are ISO 8601 in UTC; a key that ends in \`Seconds\` is a number of seconds.

Whatever is refused, or fails, is answered as \`{"error":{"code","message","subject","hint"}}\`: 400 the request is wrong, 401 no
good token, 403 a token for something else, 404 no such thing, 409 not now, 413 larger than 64 KiB, 422 it cannot be done so,
429 and 503 too much at once, 500 a failure that is in the agent's log.
`;

/** The page as Markdown. */
export async function apiReference(): Promise<string> {
  const document = await openapiDocument();
  const lines = [INTRODUCTION];
  for (const [path, methods] of Object.entries(objectOf(document['paths']))) {
    for (const [method, operation] of Object.entries(objectOf(methods))) {
      if (path !== '/openapi.json') lines.push(...operationLines(method.toUpperCase(), path, objectOf(operation)));
    }
  }
  const events = objectOf(z.toJSONSchema(runEventShape, { unrepresentable: 'any' }) as Json); // it is JSON
  lines.push('\n## The events\n\nThe `data` of each, by its `type`.\n');
  for (const form of [...listOf(events['oneOf']), ...listOf(events['anyOf'])].map(objectOf)) {
    const type = objectOf(objectOf(form['properties'])['type'])['const'];
    lines.push(`\n### \`${text(type)}\`\n`, ...shapeTable(form));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function operationLines(method: string, path: string, operation: JsonObject): string[] {
  const lines = [
    `\n## \`${method} ${path}\`\n`,
    `${text(operation['summary'])}. Scope: \`${text(operation['x-scope'])}\`.\n`,
  ];
  if (operation['description'] !== undefined) lines.push(`${text(operation['description'])}\n`);
  const parameters = listOf(operation['parameters']).map(objectOf);
  const body = schemaIn(operation['requestBody']);
  if (parameters.length > 0 || body) {
    lines.push('| given in | name | value | meaning |', '| --- | --- | --- | --- |');
    for (const each of parameters) {
      const needed = each['required'] === true ? ', required' : '';
      lines.push(
        row([
          text(each['in']),
          `\`${text(each['name'])}\``,
          kindOf(objectOf(each['schema'])) + needed,
          text(each['description']),
        ]),
      );
    }
    const required = listOf(body?.['required']);
    for (const [name, value] of Object.entries(objectOf(body?.['properties']))) {
      const schema = objectOf(value);
      const needed = required.includes(name) ? ', required' : '';
      lines.push(row(['body (JSON)', `\`${name}\``, kindOf(schema) + needed, text(schema['description'])]));
    }
    lines.push('');
  }
  for (const [status, response] of Object.entries(objectOf(operation['responses']))) {
    if (Number(status) >= 300) continue;
    const schema = schemaIn(response);
    lines.push(
      `Answers ${status}${schema?.['properties'] === undefined ? `: ${text(objectOf(response)['description'])}` : ':'}\n`,
    );
    if (schema?.['properties'] !== undefined) lines.push(...shapeTable(schema));
  }
  return lines;
}

/** Every key with its place: `services[].jobs[].newest.at`. */
function shapeTable(schema: JsonObject): string[] {
  const lines = ['| key | value | meaning |', '| --- | --- | --- |'];
  const walk = (at: string, value: JsonObject): void => {
    for (const [name, inner] of Object.entries(objectOf(value['properties']))) {
      const path = at === '' ? name : `${at}.${name}`;
      const property = objectOf(inner);
      lines.push(row([`\`${path}\``, kindOf(property), text(property['description'])]));
      if (path.split('.').length < 5) for (const [suffix, below] of insides(property)) walk(path + suffix, below);
    }
  };
  walk('', schema);
  return [...lines, ''];
}

function insides(schema: JsonObject): (readonly [string, JsonObject])[] {
  if (schema['properties'] !== undefined) return [['', schema]];
  if (schema['items'] !== undefined)
    return insides(objectOf(schema['items'])).map(([suffix, each]) => [`[]${suffix}`, each]);
  return listOf(schema['anyOf']).flatMap((form) => insides(objectOf(form)));
}

function kindOf(schema: JsonObject): string {
  const values = listOf(schema['enum']);
  if (values.length > 0) return values.map((value) => `\`${text(value)}\``).join(', ');
  if (schema['const'] !== undefined) return `\`${text(schema['const'])}\``;
  const forms = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].map(objectOf);
  if (forms.length > 0) return [...new Set(forms.map(kindOf))].join(' or ');
  if (schema['items'] !== undefined) return `list of ${kindOf(objectOf(schema['items']))}`;
  if (schema['format'] === 'date-time') return 'time';
  return [schema['type'] ?? 'anything'].flat().map(text).join(' or ');
}

const schemaIn = (holder: Json | undefined): JsonObject | null => {
  const [content] = Object.values(objectOf(objectOf(holder)['content']));
  return content === undefined ? null : objectOf(objectOf(content)['schema']);
};
const text = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const row = (cells: readonly string[]): string =>
  `| ${cells.map((each) => each.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}; // not a list: a map

if (import.meta.main) writeFileSync(join(resolve(import.meta.dirname, '..'), API_PAGE), await apiReference());
