// Every kind of channel, by its type: one more is a file beside this one and a line here.

import type { ChannelConfig } from '../../config/configuration.ts';
import type { Channel } from './channel.ts';
import { discord, mattermost, slack } from './chat.ts';
import { commandChannel } from './command.ts';
import { gotify } from './gotify.ts';
import { healthchecks } from './healthchecks.ts';
import { httpChannel } from './http-channel.ts';
import { matrix } from './matrix.ts';
import { ntfy } from './ntfy.ts';
import { pushover } from './pushover.ts';
import { smtpChannel } from './smtp.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

export function openChannel({ name, to }: Pick<ChannelConfig, 'name' | 'to'>): Channel {
  switch (to.type) {
    case 'ntfy':
      return httpChannel(name, to, ntfy);
    case 'healthchecks':
      return httpChannel(name, to, healthchecks);
    case 'webhook':
      return httpChannel(name, to, webhook);
    case 'slack':
      return httpChannel(name, to, slack);
    case 'discord':
      return httpChannel(name, to, discord);
    case 'mattermost':
      return httpChannel(name, to, mattermost);
    case 'matrix':
      return httpChannel(name, to, matrix);
    case 'telegram':
      return httpChannel(name, to, telegram);
    case 'pushover':
      return httpChannel(name, to, pushover);
    case 'gotify':
      return httpChannel(name, to, gotify);
    case 'smtp':
      return smtpChannel(name, to);
    case 'command':
      return commandChannel(name, to);
    default:
      return to satisfies never;
  }
}
