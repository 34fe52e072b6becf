import { deserialize, EntityId } from '../core/index.js';
import type { EntityQuery, EntityRow } from '../storage/store.js';
import { epochMs } from './arguments.js';
import type { ClientHost } from './host.js';
import { checkedPageSize, decodeToken, pageOf, readAll } from './pages.js';

/** Which entities {@link DurableClient.listEntities} lists: those that meet all that is given. */
export interface EntityFilter {
  /** Case does not matter [N1]. */
  readonly entityName?: string;
  /** Whose last operation was at this moment or later. */
  readonly lastOperationTimeFrom?: Date;
  /** Whose last operation was at this moment or earlier. */
  readonly lastOperationTimeTo?: Date;
  /** Whether to read the states too. Default false. */
  readonly fetchState?: boolean;
  /** Entities in a page, 1–1 000. Default 100. */
  readonly pageSize?: number;
}

/** An entity that exists. */
export interface EntityMetadata {
  readonly entityId: EntityId;
  readonly lastOperationTime: Date;
  /** With `fetchState`: as last committed. */
  readonly state?: unknown;
  /** With `fetchState`: why the state cannot be read, which is absent then. */
  readonly unreadable?: string;
}

/** A page of {@link DurableClient.listEntities}. */
export interface EntityPage {
  readonly entities: readonly EntityMetadata[];
  /** To be given back for the next page; absent on the last one. */
  readonly continuationToken?: string;
}

const CALL = 'listEntities';

/** @throws {TypeError} for a bad filter or token */
export async function readEntityPage(host: ClientHost, filter: EntityFilter, continuationToken: string | undefined): Promise<EntityPage> {
  const query = toEntityQuery(filter, continuationToken);
  const { rows, ...next } = pageOf(await host.queryEntities(query), query.limit - 1, ({ instanceId }) => instanceId);
  return { entities: rows.map((row) => toMetadata(row, query.fetchState)), ...next };
}

export function readAllEntities(host: ClientHost, filter: EntityFilter): AsyncIterable<EntityMetadata> {
  return readAll((continuationToken) => readEntityPage(host, filter, continuationToken), ({ entities }) => entities);
}

function toEntityQuery(filter: EntityFilter, continuationToken: string | undefined): EntityQuery {
  return {
    which: 'existing',
    name: filter.entityName === undefined ? undefined : checkedName(filter.entityName),
    lastOperationFrom: epochMs(CALL, 'lastOperationTimeFrom', filter.lastOperationTimeFrom),
    lastOperationTo: epochMs(CALL, 'lastOperationTimeTo', filter.lastOperationTimeTo),
    fetchState: filter.fetchState ?? false,
    after: decodeToken(CALL, continuationToken, (value) => typeof value === 'string'),
    limit: checkedPageSize(CALL, filter.pageSize) + 1,
  };
}

function checkedName(name: string): string {
  // With an '@' in it, it would be the beginning of other entities' ids.
  if (typeof name === 'string' && name !== '' && !name.includes('@')) return name.toLowerCase();
  throw new TypeError(`${CALL}: entityName must be a non-empty string without '@', but got ${String(name)}.`);
}

function toMetadata({ instanceId, updatedAt, state }: EntityRow, fetchState: boolean): EntityMetadata {
  return { entityId: EntityId.parse(instanceId), lastOperationTime: new Date(updatedAt), ...(fetchState && stateOf(state)) };
}

/** One entity is not to hide the others. */
function stateOf(state: string | undefined): Pick<EntityMetadata, 'state' | 'unreadable'> {
  try {
    return { state: deserialize(state) };
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}
