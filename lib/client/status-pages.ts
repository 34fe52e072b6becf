import type { ClientHost } from './host.js';
import { toStatus, type DurableOrchestrationStatus } from './orchestration-status.js';
import { encodeToken, toInstanceQuery, type StatusFilter } from './status-filter.js';

/** A page of {@link DurableClient.getStatusBy}. */
export interface StatusPage {
  readonly instances: readonly DurableOrchestrationStatus[];
  /** To be given back for the next page; absent on the last one. */
  readonly continuationToken?: string;
}

/** @throws {TypeError} for a bad filter or token */
export async function readStatusPage(host: ClientHost, filter: StatusFilter, continuationToken: string | undefined): Promise<StatusPage> {
  const query = toInstanceQuery(filter, continuationToken);
  const rows = await host.queryInstances(query);
  const page = rows.slice(0, query.limit - 1);
  const last = page.at(-1);
  return {
    instances: page.map((row) => toStatus(row, filter.showInput ?? true)),
    ...(rows.length > page.length && last !== undefined ? { continuationToken: encodeToken(last) } : {}),
  };
}

export async function* readAllStatuses(host: ClientHost, filter: StatusFilter): AsyncGenerator<DurableOrchestrationStatus, void, undefined> {
  let continuationToken: string | undefined;
  do {
    const page = await readStatusPage(host, filter, continuationToken);
    yield* page.instances;
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}
