import { RUNTIME_STATUSES, type RuntimeStatus } from '../core/index.js';
import type { InstanceQuery, InstanceRow } from '../storage/store.js';

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

type Position = NonNullable<InstanceQuery['after']>;

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/**
 * Checks a filter. The query asks for one instance more than the page holds, to know whether another page follows.
 * @throws {TypeError}
 */
export function toInstanceQuery(filter: StatusFilter, continuationToken: string | undefined): InstanceQuery {
  const { pageSize = DEFAULT_PAGE_SIZE, runtimeStatus, createdTimeFrom, createdTimeTo } = filter;
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw new TypeError(`getStatusBy: pageSize must be a whole number from 1 to ${MAX_PAGE_SIZE}, but got ${String(pageSize)}.`);
  }
  return {
    statuses: runtimeStatus === undefined ? undefined : checkedStatuses([runtimeStatus].flat()),
    createdFrom: epochMs('getStatusBy', 'createdTimeFrom', createdTimeFrom),
    createdTo: epochMs('getStatusBy', 'createdTimeTo', createdTimeTo),
    name: filter.name,
    instanceIdPrefix: filter.instanceIdPrefix,
    tags: filter.tags,
    after: continuationToken === undefined ? undefined : decodeToken(continuationToken),
    limit: pageSize + 1,
  };
}

/** The token of the page that follows this row. */
export function encodeToken(row: InstanceRow): string {
  return Buffer.from(JSON.stringify([row.createdAt, row.instanceId])).toString('base64url');
}

function decodeToken(token: string): Position {
  try {
    const [createdAt, instanceId] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    if (typeof createdAt === 'number' && typeof instanceId === 'string') return { createdAt, instanceId };
  } catch {
    // No JSON: refused below with all other malformed tokens.
  }
  throw new TypeError('getStatusBy: the continuationToken is not one that getStatusBy returned.');
}

function checkedStatuses(statuses: readonly RuntimeStatus[]): readonly RuntimeStatus[] {
  const unknown = statuses.find((status) => !RUNTIME_STATUSES.includes(status));
  if (unknown === undefined) return statuses;
  throw new TypeError(`getStatusBy: '${String(unknown)}' is no runtimeStatus; known are ${RUNTIME_STATUSES.join(', ')}.`);
}

/** @throws {TypeError} for what is no valid Date */
export function epochMs(call: string, what: string, time: Date | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (!(time instanceof Date) || Number.isNaN(time.getTime())) {
    throw new TypeError(`${call}: ${what} must be a valid Date, but got ${String(time)}.`);
  }
  return time.getTime();
}
