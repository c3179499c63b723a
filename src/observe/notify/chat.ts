// Slack, Discord and Mattermost: an incoming webhook each, whose address is the secret. Nobody is ever mentioned by what a
// backup happens to say.

import type { DestinationOf } from '../../config/configuration.ts';
import type { HttpKind } from './http-channel.ts';
import { jsonRequest } from './json-request.ts';
import { shortenTo } from './shorten.ts';

/** https://docs.slack.dev/messaging/sending-messages-with-incoming-webhooks: text is cut after 40,000 characters. */
export const slack: HttpKind<DestinationOf<'slack'>> = {
  request: (_, { url = '' }, { message: { title, body } }) =>
    jsonRequest(url, { text: shortenTo(`*${escapeSlack(title)}*\n${escapeSlack(body)}`, 40_000) }),
};

/** `<!channel>` would wake everybody. */
const escapeSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** https://docs.discord.com/developers/resources/webhook: embeds hold more than the 2,000 characters of content. */
export const discord: HttpKind<DestinationOf<'discord'>> = {
  request: (_, { url = '' }, { message: { title, body, priority } }) =>
    jsonRequest(url, {
      embeds: [
        { title: shortenTo(title, 256), description: shortenTo(escapeMarkdown(body), 4096), color: COLORS[priority] },
      ],
      allowed_mentions: { parse: [] },
    }),
};

const COLORS = { low: 0x6c757d, normal: 0x2e7d32, high: 0xef6c00, urgent: 0xc62828 } as const;

/** https://developers.mattermost.com/integrate/webhooks/incoming/: 16,383 characters at most. */
export const mattermost: HttpKind<DestinationOf<'mattermost'>> = {
  request: (_, { url = '' }, { message: { title, body } }) =>
    jsonRequest(url, {
      text: shortenTo(withoutMentions(`**${escapeMarkdown(title)}**\n\n${escapeMarkdown(body)}`), 16_383),
    }),
};

const escapeMarkdown = (text: string): string => text.replaceAll(/[\\`*_~|]/g, String.raw`\$&`);

/** `sonarr@nas` is a job, and `@all` nobody: a character without width stands in between. */
const withoutMentions = (text: string): string => text.replaceAll('@', '@\u200B');
