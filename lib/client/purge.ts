/** Deleting finished instances: what a call asks for is checked here, and the tree of sub-orchestrations followed [K4]. */
import { isFinished, type RuntimeStatus } from '../core/index.js';
import type { InstanceHead, PurgeRequest } from '../storage/store.js';
import { checkedId, epochMs } from './arguments.js';
import type { ClientHost } from './host.js';
import { FINISHED, wrongState } from './transitions.js';

export interface PurgeOptions {
  /** Whether to purge the finished sub-orchestrations too, at all depths. Default false. */
  readonly recursive?: boolean;
}

/** Which instances {@link DurableClient.purgeInstanceHistoryBy} deletes: the finished ones that meet all that is given. */
export interface PurgeFilter {
  /** Created at this moment or later. */
  readonly createdTimeFrom?: Date;
  /** Created at this moment or earlier. */
  readonly createdTimeTo?: Date;
  /** Of `Completed`, `Failed` and `Terminated`. Default: all three. */
  readonly runtimeStatus?: RuntimeStatus | readonly RuntimeStatus[];
  readonly name?: string;
}

export interface PurgeResult {
  readonly instancesDeleted: number;
}

const FILTERS: readonly string[] = ['createdTimeFrom', 'createdTimeTo', 'runtimeStatus', 'name'] satisfies (keyof PurgeFilter)[];
/** Children that are looked at together. */
const CHUNK = 200;

/**
 * Checks a filter. What is not known is refused: ignored, it would let the purge delete more than was meant.
 * @throws {TypeError}
 */
function toPurgeRequest(filter: PurgeFilter): PurgeRequest {
  const call = 'purgeInstanceHistoryBy';
  const unknown = Object.keys(filter).find((key) => !FILTERS.includes(key));
  if (unknown !== undefined) throw new TypeError(`${call}: '${unknown}' is no filter of a purge; there are ${FILTERS.join(', ')}.`);
  const { runtimeStatus = FINISHED, createdTimeFrom, createdTimeTo, name } = filter;
  const statuses = [runtimeStatus].flat();
  const refused = statuses.find((status) => !FINISHED.includes(status));
  if (refused !== undefined) {
    throw new TypeError(`${call}: runtimeStatus '${String(refused)}' is not possible: only instances that are ${FINISHED.join(', ')} are purged. Terminate others first.`);
  }
  return { statuses, name, createdFrom: epochMs(call, 'createdTimeFrom', createdTimeFrom), createdTo: epochMs(call, 'createdTimeTo', createdTimeTo) };
}

/** @throws {TypeError} for a bad filter */
export async function purgeInstancesBy(host: ClientHost, filter: PurgeFilter): Promise<PurgeResult> {
  return { instancesDeleted: await host.purgeMatching(toPurgeRequest(filter)) };
}

/** @throws {InvalidInstanceStateError} for an instance that is not finished */
export async function purgeInstance(host: ClientHost, instanceId: string, { recursive = false }: PurgeOptions): Promise<PurgeResult> {
  const call = 'purgeInstanceHistory';
  checkedId(call, instanceId);
  const [root] = recursive ? await host.getInstanceHeads([instanceId]) : [];
  const children = root && isFinished(root.status) ? await purgeChildren(host, root) : 0;
  const [outcome] = await host.purge([{ instanceId }]);
  if (!outcome?.deleted && outcome?.status !== undefined) throw wrongState(call, instanceId, outcome.status);
  return { instancesDeleted: children + (outcome?.deleted ? 1 : 0) };
}

/** Deletes the finished children of an execution, theirs first: a purge that was interrupted finds what it left when it is called again. */
async function purgeChildren(host: ClientHost, parent: InstanceHead): Promise<number> {
  const ids = await childIds(host, parent);
  let deleted = 0;
  for (let begin = 0; begin < ids.length; begin += CHUNK) {
    const heads = await host.getInstanceHeads(ids.slice(begin, begin + CHUNK));
    // An id may have been taken by an instance of somebody else since.
    const children = heads.filter((head) => isFinished(head.status) && head.parent?.executionId === parent.executionId);
    for (const child of children) deleted += await purgeChildren(host, child);
    const outcomes = await host.purge(children.map(({ instanceId, executionId }) => ({ instanceId, executionId })));
    deleted += outcomes.filter((outcome) => outcome.deleted).length;
  }
  return deleted;
}

async function childIds(host: ClientHost, parent: InstanceHead): Promise<string[]> {
  const history = await host.readHistory(parent);
  return [...new Set(history.flatMap((event) => (event.type === 'SubOrchestrationInstanceCreated' ? [event.instanceId] : [])))];
}
