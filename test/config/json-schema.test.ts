import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { configurationJsonSchema } from '../../src/config/json-schema.ts';
import type { Json, JsonObject } from '../../src/lib/json.ts';
import { CONFIGURATION_PAGE, configurationReference } from '../../scripts/generate-reference.ts';

const root = resolve(import.meta.dirname, '../..');

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isSentence = (value: Json | undefined): boolean => typeof value === 'string' && /^.+\.$/.test(value);

/** Each property of each map in the schema, with its path. */
function* properties(schema: Json, path: string): Generator<readonly [path: string, property: JsonObject]> {
  if (Array.isArray(schema)) {
    for (const [index, item] of schema.entries()) yield* properties(item as Json, `${path}[${index}]`);
  } else if (isMap(schema)) {
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties' && isMap(value)) {
        for (const [name, property] of Object.entries(value)) {
          assert.ok(isMap(property));
          yield [`${path}.${name}`, property];
          yield* properties(property, `${path}.${name}`);
        }
      } else if (key !== 'default' && key !== 'examples') yield* properties(value, path);
    }
  }
}

for (const kind of ['file', 'services'] as const) {
  test(`each key of the ${kind} schema has a description that is a sentence`, () => {
    const all = [...properties(configurationJsonSchema(kind), '')];
    assert.ok(all.length > 50, `${all.length} keys were visited`);
    assert.deepEqual(
      all.filter(([, property]) => !isSentence(property['description'])).map(([path]) => path),
      [],
    );
  });
}

test('the schema is draft 2020-12, has a name of its own, and refuses unknown keys', () => {
  const schema = configurationJsonSchema();
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema['$id'], 'urn:holdfast:config:1');
  assert.equal(schema['additionalProperties'], false);
  assert.deepEqual(schema['required'], ['version']);
  assert.notEqual(configurationJsonSchema('services')['$id'], schema['$id']);
});

test('the reference page is up to date', () => {
  assert.equal(
    readFileSync(join(root, CONFIGURATION_PAGE), 'utf8'),
    configurationReference(),
    'run: node scripts/generate-reference.ts',
  );
});

test('the reference page names each key of the schema', () => {
  const page = configurationReference();
  for (const [path] of properties(configurationJsonSchema(), '')) {
    assert.ok(page.includes(`| \`${path.split('.').at(-1)}\` |`), path);
  }
});
