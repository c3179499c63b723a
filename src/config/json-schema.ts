// The JSON Schema of the configuration file, from the schema that validates it: for editors and for the reference page.

import { z } from 'zod';
import type { Json, JsonObject } from '../lib/json.ts';
import { dropInSchema, fileSchema } from './schema.ts';

export const SCHEMA_ID = 'urn:holdfast:config:1';

/** Draft 2020-12. `kind` 'services' is the schema of the files in services.d. */
export function configurationJsonSchema(kind: 'file' | 'services' = 'file'): JsonObject {
  const { $schema, ...schema } = z.toJSONSchema(kind === 'file' ? fileSchema : dropInSchema, {
    target: 'draft-2020-12',
    io: 'input',
  });
  const plain = JSON.parse(JSON.stringify(schema)) as Record<string, Json>; // zod's own object, which JSON can hold
  return {
    $schema: $schema ?? 'https://json-schema.org/draft/2020-12/schema',
    $id: kind === 'file' ? SCHEMA_ID : `${SCHEMA_ID}:services`,
    title: kind === 'file' ? 'Holdfast configuration' : 'Holdfast services (services.d)',
    description:
      kind === 'file'
        ? 'What a host keeps, where its copies go, and what it is owed.'
        : 'Further services of a host, in a file of services.d beside its configuration.',
    ...plain,
    patternProperties: { '^x-': { description: "The writer's own: a place for YAML anchors; ignored." } },
  };
}
