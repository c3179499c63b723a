import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const metrics = (yaml: string): string => `${BASE}services: {app: {backup: {paths: [/srv/app]}}}\nmetrics: ${yaml}\n`;

test('a textfile that the node exporter would not read is a warning', async () => {
  assertSays(await warningsOf(metrics('{textfile: /var/lib/holdfast.txt}')), [
    'metrics.textfile: the node exporter reads only',
  ]);
  assert.ok(await accepted(metrics('{textfile: /var/lib/holdfast.prom}')));
});

test('a warning above its alarm is an error, also when only one of them is written', async () => {
  assertSays(await errorsOf(metrics('{capacity: {warning: 95%}}')), ['metrics.capacity: the warning would come after']);
  assertSays(await errorsOf(metrics('{replicationLag: {critical: 1h}}')), [
    'metrics.replicationLag: the warning would come',
  ]);
});
