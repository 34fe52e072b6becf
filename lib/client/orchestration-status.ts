import { deserialize, type FailureDetails, type RuntimeStatus } from '../core/index.js';
import type { InstanceRow } from '../storage/store.js';
import { checkedId } from './arguments.js';
import { toHistoryRecords, type HistoryRecord } from './history-record.js';
import type { ClientHost } from './host.js';

/** What {@link DurableClient.getStatus} tells of an instance [K2]. A value that is absent is `undefined`. */
export interface DurableOrchestrationStatus {
  readonly instanceId: string;
  readonly name: string;
  readonly version?: string;
  readonly runtimeStatus: RuntimeStatus;
  /** Absent also with `showInput: false`. */
  readonly input: unknown;
  /** The result; of a failed instance its failure details [O9], of a terminated one the reason. */
  readonly output: unknown;
  readonly failureDetails?: FailureDetails;
  /** What the orchestrator last gave to `ctx.setCustomStatus` [O13]. */
  readonly customStatus: unknown;
  readonly createdTime: Date;
  readonly lastUpdatedTime: Date;
  readonly tags: Readonly<Record<string, string>>;
  /** Of a sub-orchestration. */
  readonly parentInstanceId?: string;
  /** With `showHistory`: of the current generation. */
  readonly history?: readonly HistoryRecord[];
}

export interface GetStatusOptions {
  /** Whether to read the history too. Default false. */
  readonly showHistory?: boolean;
  /** Whether the history's events carry inputs and results. Default false. */
  readonly showHistoryOutput?: boolean;
  /** Default true. */
  readonly showInput?: boolean;
}

/** @throws {TypeError} {InvalidInstanceIdError} for what is no id of an orchestration */
export async function readStatus(host: ClientHost, instanceId: string, options: GetStatusOptions): Promise<DurableOrchestrationStatus | null> {
  const { showHistory = false, showHistoryOutput = false, showInput = true } = options;
  const row = await host.getInstance(checkedId('getStatus', instanceId));
  if (row === undefined) return null;
  const history = showHistory ? toHistoryRecords(await host.readHistory(row), showHistoryOutput) : undefined;
  return toStatus(row, showInput, history);
}

export function toStatus(
  row: InstanceRow, showInput: boolean, history?: readonly HistoryRecord[],
): DurableOrchestrationStatus {
  return {
    instanceId: row.instanceId,
    name: row.name,
    version: row.version,
    runtimeStatus: row.status,
    input: showInput ? deserialize(row.input) : undefined,
    output: row.status === 'Failed' ? row.failureDetails : deserialize(row.output),
    failureDetails: row.failureDetails,
    customStatus: deserialize(row.customStatus),
    createdTime: new Date(row.createdAt),
    lastUpdatedTime: new Date(row.updatedAt),
    tags: row.tags ?? {},
    parentInstanceId: row.parent?.instanceId,
    ...(history === undefined ? {} : { history }),
  };
}
