import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventReader } from '../../../src/engine/agent-client/event-stream.ts';

test('events are read as they are sent, comments and unknown fields are passed over', () => {
  const read = eventReader();
  const lines = [': listening', '', 'id: a-1', 'event: notice', 'data: {"x":', 'data: 1}', 'retry: 5', '', 'data:y', ''];
  assert.deepEqual(
    lines.flatMap((line) => read(line) ?? []),
    [
      { id: 'a-1', type: 'notice', data: '{"x":\n1}' },
      { id: 'a-1', type: 'message', data: 'y' },
    ],
  );
});
