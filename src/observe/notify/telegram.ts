// Telegram: a bot writes into a chat. https://core.telegram.org/bots/api#sendmessage

import { parseJson } from '../../lib/json.ts';
import { z } from 'zod';
import type { DestinationOf } from '../../config/configuration.ts';
import type { HttpKind } from './http-channel.ts';
import { below, jsonRequest } from './json-request.ts';
import { shortenTo } from './shorten.ts';

const MOST_CHARACTERS = 4096;
const answered = z.object({ ok: z.boolean(), description: z.string().optional() });

export const telegram: HttpKind<DestinationOf<'telegram'>> = {
  request: ({ url, chat }, { token = '' }, { message: { title, body, priority } }) =>
    jsonRequest(below(url ?? '', `bot${token}/sendMessage`), {
      chat_id: chat,
      text: shortenTo(`${title}\n\n${body}`, MOST_CHARACTERS),
      disable_notification: priority === 'low',
      link_preview_options: { is_disabled: true },
    }),
  complaint({ text }) {
    const parsed = answered.safeParse(parseJson(text));
    if (!parsed.success) return 'it is no Bot API server that answers there';
    return parsed.data.ok ? null : (parsed.data.description ?? 'it says no');
  },
};
