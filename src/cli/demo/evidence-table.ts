// The last screen of the demo: for each copy what was backed up, and how it was proven to come back.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { stepId } from '../../domain/naming.ts';
import type { Report } from '../../domain/report.ts';
import { renderTable } from '../table.ts';
import { grouped, type Proof, snapshotOf } from './proof.ts';

export interface EvidenceRow {
  readonly service: string;
  readonly repository: string;
  readonly snapshotId: string;
  readonly files: number;
  readonly bytes: number;
  readonly backedUpInSeconds: number;
  /** Null where this copy was not the one. */
  readonly recoveredInSeconds: number | null;
  readonly drilledInSeconds: number | null;
}

/** A row for each copy that `run` made. */
export function evidenceRows(run: Report, proofs: readonly Proof[]): EvidenceRow[] {
  return run.steps.flatMap(({ id, service, repository, result, durationSeconds }) => {
    if (service === null || repository === null || result === null || id !== stepId.backup(service, repository)) return [];
    const provenBy = (kind: Proof['kind']): number | null =>
      proofs.find((proof) => proof.kind === kind && proof.service === service && proof.repository === repository)?.seconds ??
      null;
    const figures = ['filesNew', 'filesChanged', 'filesUnmodified'].map((name) => Number(result[name] ?? 0));
    return [
      {
        service,
        repository,
        snapshotId: snapshotOf(result),
        files: figures.reduce((sum, figure) => sum + figure, 0),
        bytes: Number(result['bytesProcessed']),
        backedUpInSeconds: durationSeconds ?? 0,
        recoveredInSeconds: provenBy('recovery'),
        drilledInSeconds: provenBy('drill'),
      },
    ];
  });
}

export const renderEvidence = (rows: readonly EvidenceRow[]): string =>
  renderTable(
    [
      { title: 'SERVICE' },
      { title: 'REPOSITORY' },
      { title: 'SNAPSHOT' },
      { title: 'FILES', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'BACKED UP', align: 'right' },
      { title: 'RECOVERED', align: 'right' },
      { title: 'DRILLED', align: 'right' },
    ],
    rows.map((row) => [
      row.service,
      row.repository,
      row.snapshotId.slice(0, 8),
      grouped(row.files),
      describeBytes(row.bytes as Bytes), // restic counts bytes
      took(row.backedUpInSeconds),
      took(row.recoveredInSeconds),
      took(row.drilledInSeconds),
    ]),
  );

const took = (seconds: number | null): string => (seconds === null ? '-' : describeDuration(duration(seconds, 's')));
