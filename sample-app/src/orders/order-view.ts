import type { DurableOrchestrationStatus, HistoryRecord } from 'nestjs-durable';

/** An order as the REST API shows it. */
export interface OrderView {
  readonly id: string;
  readonly status: string;
  /** What the orchestration last told with `setCustomStatus`. */
  readonly progress: unknown;
  readonly outcome: unknown;
  readonly created: Date;
  readonly updated: Date;
  readonly history?: readonly HistoryRecord[];
}

export function toOrderView(status: DurableOrchestrationStatus): OrderView {
  return {
    id: status.instanceId,
    status: status.runtimeStatus,
    progress: status.customStatus ?? null,
    outcome: status.output ?? null,
    created: status.createdTime,
    updated: status.lastUpdatedTime,
    history: status.history,
  };
}
