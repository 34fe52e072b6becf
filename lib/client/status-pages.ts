import type { ClientHost } from './host.js';
import { toListedStatus, type DurableOrchestrationStatus } from './orchestration-status.js';
import { pageOf, readAll } from './pages.js';
import { positionOf, toInstanceQuery, type StatusFilter } from './status-filter.js';

/** A page of {@link DurableClient.getStatusBy}. */
export interface StatusPage {
  readonly instances: readonly DurableOrchestrationStatus[];
  /** To be given back for the next page; absent on the last one. */
  readonly continuationToken?: string;
}

/** @throws {TypeError} for a bad filter or token */
export async function readStatusPage(host: ClientHost, filter: StatusFilter, continuationToken: string | undefined): Promise<StatusPage> {
  const query = toInstanceQuery(filter, continuationToken);
  const { rows, ...next } = pageOf(await host.queryInstances(query), query.limit - 1, positionOf);
  return { instances: rows.map((row) => toListedStatus(row, filter.showInput ?? true)), ...next };
}

export function readAllStatuses(host: ClientHost, filter: StatusFilter): AsyncIterable<DurableOrchestrationStatus> {
  return readAll((continuationToken) => readStatusPage(host, filter, continuationToken), ({ instances }) => instances);
}
