// How pools and datasets do, as ZFS tells it: whether anything is lost, and how much room there is.

/** One that is imported. */
export interface PoolHealth {
  readonly name: string;
  /** ONLINE, DEGRADED, FAULTED, SUSPENDED, ... */
  readonly health: string;
  /** Bytes. */
  readonly size: number;
  readonly allocated: number;
  /** Files and snapshots of which something cannot be read, as the last scrub and every read since found; null: not told. */
  readonly dataErrors: number | null;
  /** Reads, writes and checksums that failed at its devices since they were last cleared, mended ones included; null: not told. */
  readonly deviceErrors: number | null;
}

export interface DatasetSpace {
  readonly name: string;
  /** Bytes, with what is beneath it and snapshots. */
  readonly used: number;
  /** Bytes: what a quota, or the pool, leaves. */
  readonly available: number;
}

export interface StorageHealth {
  /** By name. */
  readonly pools: ReadonlyMap<string, PoolHealth>;
  readonly datasets: readonly DatasetSpace[];
}

/** Whether nothing is missing that it was made with. */
export const isHealthy = ({ health }: Pick<PoolHealth, 'health'>): boolean => health === 'ONLINE';

/** Of one that is full, 1. */
export const fullness = (used: number, free: number): number => (used + free === 0 ? 1 : used / (used + free));
