// A message that only says that messages come through, to each channel at once, past the queue: what happens is told at once.

import type { ChannelConfig, Configuration } from '../../config/configuration.ts';
import type { Clock } from '../../lib/clock.ts';
import { type ErrorReport, errorReport } from '../../lib/errors.ts';
import { localMinute } from '../../domain/local-time.ts';
import type { Message } from '../../domain/notification.ts';
import { openChannel } from '../../observe/notify/open-channel.ts';
import { attempt } from './deliver.ts';
import { maskFor } from './flush.ts';

export interface TestResult {
  readonly channel: string;
  readonly type: string;
  readonly seconds: number;
  /** Null: the receiver says that it has it. */
  readonly error: ErrorReport | null;
}

export async function testChannels(
  config: Configuration,
  channels: readonly ChannelConfig[],
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly TestResult[]> {
  const mask = await maskFor(config, signal);
  const now = clock.now();
  const message: Message = {
    kind: 'test',
    priority: 'normal',
    host: config.host,
    title: `Test (${config.host})`,
    body: `This is a test of Holdfast on ${config.host}, ${localMinute(now)}. Nothing is wrong, and there is nothing to do.`,
    items: [],
    at: now,
    ping: null,
  };
  return await Promise.all(
    channels.map(async (channel) => {
      const began = performance.now();
      const envelope = { id: `holdfast-test-${now.toString(36)}-${channel.name}`, message, now };
      const failure = await attempt(openChannel(channel), envelope, channel.name, signal, mask);
      const seconds = Math.round((performance.now() - began) / 10) / 100;
      return { channel: channel.name, type: channel.to.type, seconds, error: failure && errorReport(failure) };
    }),
  );
}
