// What suits a kind of data on ZFS, each with its reason. Built in; a service's own words win.

export interface PresetProperties {
  readonly properties: Readonly<Record<string, string>>;
  /** A sentence for the reference. */
  readonly reason: string;
}

export type DatasetPreset = 'sqlite' | 'postgres' | 'media' | 'logs';

export const DATASET_PRESETS: Readonly<Record<DatasetPreset, PresetProperties>> = {
  sqlite: {
    properties: { recordsize: '16K', atime: 'off' },
    reason:
      'recordsize 16K and atime off, because its pages of 4K are written here and there, and each write of one rewrites a whole record; smaller ones would hardly compress.',
  },
  postgres: {
    properties: { recordsize: '8K', atime: 'off', redundant_metadata: 'most' },
    reason:
      'recordsize 8K, atime off and redundant_metadata most, because a page of 8K is one record then: none is read to write another, none is half written, and less metadata is written twice.',
  },
  media: {
    properties: { recordsize: '1M', atime: 'off' },
    reason: 'recordsize 1M and atime off, because large files that are read from end to end need less metadata so.',
  },
  logs: {
    properties: { compression: 'zstd', atime: 'off' },
    reason: 'compression zstd and atime off, because text that is written once and rarely read shrinks well.',
  },
};
