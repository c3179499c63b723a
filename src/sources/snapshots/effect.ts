// Temporary snapshots as an effect: recorded before they are made, removed when their job is done, or by the next start.

import type { EffectKind } from '../../domain/effect.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { btrfsSnapshots } from './btrfs.ts';
import { type SnapshotProvider, type SnapshotRecord, snapshotRecord } from './provider.ts';
import { zfsSnapshots } from './zfs.ts';

const PROVIDERS: Readonly<Record<SnapshotRecord['provider'], SnapshotProvider>> = {
  zfs: zfsSnapshots,
  btrfs: btrfsSnapshots,
};

/** By the type of a mounted file system; null where there are no snapshots. */
export const providerOf = (type: string): SnapshotProvider | null =>
  type === 'zfs' || type === 'btrfs' ? PROVIDERS[type] : null;

export const SNAPSHOT: EffectKind = {
  kind: 'snapshot',
  independent: true,
  async undo(payload, signal) {
    const record = snapshotRecord.safeParse(payload);
    if (!record.success) {
      const message = 'the journal holds a snapshot that this Holdfast does not understand';
      throw new HoldfastError({ code: 'failed', operation: 'remove', subject: 'a snapshot', message, retry: 'never' });
    }
    await PROVIDERS[record.data.provider].release(record.data, signal);
  },
};
