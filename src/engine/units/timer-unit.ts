// The systemd timer of one scheduled job.

import { type Duration, formatDuration } from '../../domain/duration.ts';
import type { ScheduledJob } from '../schedule/scheduled-jobs.ts';
import { plainText, renderUnit, type UnitLine } from './unit-file.ts';

export const timerUnit = ({ title, frequency, randomizedDelay, catchUp }: ScheduledJob): string =>
  renderUnit([
    {
      name: 'Unit',
      lines: [['Description', plainText(`Holdfast: time to ${title[0]?.toLowerCase() ?? ''}${title.slice(1)}`)]],
    },
    {
      name: 'Timer',
      lines: [
        ['OnCalendar', plainText(frequency)],
        ['AccuracySec', '1s'],
        ...(catchUp ? ([['Persistent', 'true']] as const) : []),
        ...(randomizedDelay === null ? [] : delayed(randomizedDelay)),
      ],
    },
    { name: 'Install', lines: [['WantedBy', 'timers.target']] },
  ]);

/** The same delay each time, on one machine. */
const delayed = (delay: Duration): UnitLine[] => [
  ['RandomizedDelaySec', formatDuration(delay)],
  ['FixedRandomDelay', 'true'],
];
