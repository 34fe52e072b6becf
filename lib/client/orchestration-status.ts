import { deserialize, UnreadableDataError, type FailureDetails, type RuntimeStatus } from '../core/index.js';
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
  /** In lists only, where one instance is not to hide the others: what of it cannot be read, and why. Those values are absent. */
  readonly unreadable?: string;
}

export interface GetStatusOptions {
  /** Whether to read the history too. Default false. */
  readonly showHistory?: boolean;
  /** Whether the history's events carry inputs and results. Default false. */
  readonly showHistoryOutput?: boolean;
  /** Default true. */
  readonly showInput?: boolean;
}

/** @throws {TypeError} {InvalidInstanceIdError} for what is no id of an orchestration; {UnreadableDataError} */
export async function readStatus(host: ClientHost, instanceId: string, options: GetStatusOptions): Promise<DurableOrchestrationStatus | null> {
  const { showHistory = false, showHistoryOutput = false, showInput = true } = options;
  const row = await host.getInstance(checkedId('getStatus', instanceId));
  if (row === undefined) return null;
  const history = showHistory ? toHistoryRecords(await host.readHistory(row), showHistoryOutput) : undefined;
  return { ...toStatus(row, showInput), ...(history === undefined ? {} : { history }) };
}

/** @throws {UnreadableDataError} */
export function toStatus(row: InstanceRow, showInput: boolean): DurableOrchestrationStatus {
  const { unreadable, ...status } = toListedStatus(row, showInput);
  if (unreadable !== undefined) throw new UnreadableDataError(`The row of instance '${row.instanceId}' in durable_instances`, unreadable);
  return status;
}

/** As {@link toStatus}, but what cannot be read is told in the status. */
export function toListedStatus(row: InstanceRow, showInput: boolean): DurableOrchestrationStatus {
  const problems = row.unreadable === undefined ? [] : [row.unreadable];
  const read = (column: string, text: string | undefined): unknown => {
    try {
      return deserialize(text);
    } catch {
      problems.push(`column '${column}' is no JSON`);
      return undefined;
    }
  };
  const status = {
    instanceId: row.instanceId,
    name: row.name,
    version: row.version,
    runtimeStatus: row.status,
    input: showInput ? read('input', row.input) : undefined,
    output: row.status === 'Failed' ? row.failureDetails : read('output', row.output),
    failureDetails: row.failureDetails,
    customStatus: read('custom_status', row.customStatus),
    createdTime: new Date(row.createdAt),
    lastUpdatedTime: new Date(row.updatedAt),
    tags: row.tags ?? {},
    parentInstanceId: row.parent?.instanceId,
  };
  return problems.length === 0 ? status : { ...status, unreadable: problems.join('; ') };
}
