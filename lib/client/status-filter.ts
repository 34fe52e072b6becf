import { checkedTags, RUNTIME_STATUSES, type RuntimeStatus } from '../core/index.js';
import type { InstanceQuery, InstanceRow } from '../storage/store.js';
import { epochMs } from './arguments.js';
import { checkedPageSize, decodeToken } from './pages.js';

/** Which instances {@link DurableClient.getStatusBy} lists: those that meet all that is given. */
export interface StatusFilter {
  readonly runtimeStatus?: RuntimeStatus | readonly RuntimeStatus[];
  /** Created at this moment or later. */
  readonly createdTimeFrom?: Date;
  /** Created at this moment or earlier. */
  readonly createdTimeTo?: Date;
  readonly name?: string;
  readonly instanceIdPrefix?: string;
  /** Tags that an instance must all have, with these values. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Instances in a page, 1–1 000. Default 100. */
  readonly pageSize?: number;
  /** Default true. */
  readonly showInput?: boolean;
}

type TokenPosition = readonly [createdAt: number, instanceId: string];

/**
 * Checks a filter. The query asks for one instance more than the page holds, to know whether another page follows.
 * @throws {TypeError}
 */
export function toInstanceQuery(filter: StatusFilter, continuationToken: string | undefined): InstanceQuery {
  const call = 'getStatusBy';
  const { runtimeStatus, createdTimeFrom, createdTimeTo } = filter;
  const position = decodeToken(call, continuationToken, isTokenPosition);
  return {
    statuses: runtimeStatus === undefined ? undefined : checkedStatuses([runtimeStatus].flat()),
    createdFrom: epochMs(call, 'createdTimeFrom', createdTimeFrom),
    createdTo: epochMs(call, 'createdTimeTo', createdTimeTo),
    name: filter.name,
    instanceIdPrefix: filter.instanceIdPrefix,
    tags: filter.tags === undefined ? undefined : checkedTags(filter.tags, call),
    after: position && { createdAt: position[0], instanceId: position[1] },
    limit: checkedPageSize(call, filter.pageSize) + 1,
  };
}

/** The place of a row in the list, for the token of the page that follows it. */
export function positionOf({ createdAt, instanceId }: InstanceRow): TokenPosition {
  return [createdAt, instanceId];
}

function isTokenPosition(value: unknown): value is TokenPosition {
  return Array.isArray(value) && Number.isFinite(value[0]) && typeof value[1] === 'string';
}

function checkedStatuses(statuses: readonly RuntimeStatus[]): readonly RuntimeStatus[] {
  const unknown = statuses.find((status) => !RUNTIME_STATUSES.includes(status));
  if (unknown === undefined) return statuses;
  throw new TypeError(`getStatusBy: '${String(unknown)}' is no runtimeStatus; known are ${RUNTIME_STATUSES.join(', ')}.`);
}
