import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { API_PAGE, apiReference } from '../../scripts/generate-api-reference.ts';
import { openapiDocument } from '../../src/agent/openapi.ts';
import { CAPABILITIES } from '../../src/domain/capability.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { ROOT } from '../support/cli.ts';

test('the page about the API is what the routes say', async () => {
  const page = readFileSync(join(ROOT, API_PAGE), 'utf8');
  assert.equal(page, await apiReference(), 'run: node scripts/generate-api-reference.ts');
});

test('every capability is a route that is described, and every route but the description itself needs one', async () => {
  const document = await openapiDocument();
  assert.equal(document['openapi'], '3.1.0');
  const scopes = Object.entries(document['paths'] as Record<string, Record<string, JsonObject>>).map(
    ([path, methods]) => [path, Object.values(methods)[0]?.['x-scope']] as const,
  );
  const open = scopes.filter(([, scope]) => scope === null).map(([path]) => path);
  assert.deepEqual(open, ['/openapi.json']);
  assert.deepEqual(new Set(scopes.flatMap(([, scope]) => scope ?? [])), new Set(CAPABILITIES));
});
