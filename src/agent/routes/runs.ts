// GET /v1/runs and /v1/runs/{id}

import { z } from 'zod';
import type { Report } from '../../domain/report.ts';
import { errorShape, reportShape } from '../../engine/api/report-shape.ts';
import { withoutGhosts } from '../../engine/runner/dead-runs.ts';
import type { Api } from '../server.ts';
import { Refusal } from '../failures.ts';
import type { Served } from '../served.ts';

const MOST = 200;
const USUAL = 20;

export function runsRoutes(api: Api, { journal, triggers }: Pick<Served, 'journal' | 'triggers'>): void {
  api.route({
    method: 'GET',
    url: '/v1/runs',
    config: { access: { scope: 'runs' } },
    schema: {
      summary: 'Past runs and those that are going on, the newest first',
      querystring: z.object({
        service: z.string().optional().meta({ description: 'Only runs that were about this service.' }),
        limit: z.coerce.number().int().min(1).max(MOST).default(USUAL),
      }),
      response: { 200: z.object({ schemaVersion: z.literal(1), kind: z.literal('history'), runs: z.array(reportShape) }) },
    },
    handler: (request) => {
      const { service, limit } = request.query;
      const record = journal.now();
      const runs = record.runs({ limit, ...(service === undefined ? {} : { service }) }).map(withoutGhosts(record));
      return { schemaVersion: 1 as const, kind: 'history' as const, runs };
    },
  });
  api.route({
    method: 'GET',
    url: '/v1/runs/:id',
    config: { access: { scope: 'runs' } },
    schema: {
      summary: 'One run',
      params: z.object({ id: z.string().meta({ description: 'Its id, or the first six characters of it or more.' }) }),
      response: { 200: reportShape, 404: errorShape },
    },
    handler: (request) => {
      const { id } = request.params;
      const record = journal.now();
      const known = record.run(id);
      const report: Report | null = known ? withoutGhosts(record)(known) : triggers.report(id);
      if (!report) throw noSuchRun(id);
      return report;
    },
  });
}

const noSuchRun = (id: string): Refusal =>
  new Refusal(404, {
    code: 'usage',
    subject: id.slice(0, 40),
    message: 'no run has that id',
    hint: '/v1/runs lists them.',
  });
