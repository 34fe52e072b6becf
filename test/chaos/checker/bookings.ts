/** What the histories say that accounts were told to book: the truth that their states are held against. */
import type { EntityOperationCalled, HistoryEvent } from '../../../lib/core/history.js';
import type { Posting } from '../accounts.js';
import type { Booking, TransfersInput } from '../transfers.js';
import { isPerformed } from './check-history.js';
import type { StoredInstance, StoredTables } from './tables.js';

/** Of one orchestration, with what its earlier generations handed on to the last one. */
export interface InstanceBookings extends Pick<StoredInstance, 'instanceId' | 'status'> {
  /** Answered, or such that they never fail. */
  readonly certain: readonly Booking[];
  /** Withdrawals whose answer came too late: they may have been refused. */
  readonly possible: readonly Booking[];
  /** What it answered, when it completed. */
  readonly output?: readonly Booking[];
}

export function readBookings({ instances, histories }: StoredTables): InstanceBookings[] {
  return instances
    .filter(({ name }) => name === 'transfers' || name === 'branch')
    .map(({ instanceId, executionId, status }) => ({ instanceId, status, ...bookingsOf((histories.get(executionId) ?? []).flatMap(({ events }) => events)) }));
}

/** Transfers that paid. */
export function countTransfers(instances: readonly InstanceBookings[]): number {
  return new Set(transferred(instances).map(({ id }) => id)).size;
}

/** Transfers that were broken off between payment and deposits. */
export function countTorn(instances: readonly InstanceBookings[]): number {
  const sums = new Map<string, number>();
  for (const { id, amount } of transferred(instances)) sums.set(id, (sums.get(id) ?? 0) + amount);
  return [...sums.values()].filter((sum) => sum !== 0).length;
}

function transferred(instances: readonly InstanceBookings[]): Booking[] {
  return instances.flatMap(({ certain }) => certain).filter(({ id }) => !id.endsWith('.tip'));
}

function bookingsOf(events: readonly HistoryEvent[]): Pick<InstanceBookings, 'certain' | 'possible' | 'output'> {
  const certain: Booking[] = [];
  const possible: Booking[] = [];
  let output: readonly Booking[] | undefined;
  for (const event of events) {
    if (event.type === 'ExecutionStarted') certain.push(...((JSON.parse(event.input!) as Partial<TransfersInput>).booked ?? []));
    else if (event.type === 'EntityOperationSignaled') certain.push(bookingOf(event));
    else if (event.type === 'EntityOperationCalled' && event.operation !== 'balance') {
      const answer = events.find((other) => (other.type === 'EntityOperationCompleted' || other.type === 'EntityOperationFailed') && other.taskId === event.taskId);
      if (answer?.type === 'EntityOperationFailed' || (!answer && !isPerformed(events, event.taskId))) continue;
      (answer || event.operation === 'deposit' ? certain : possible).push(bookingOf(event));
    } else if (event.type === 'ExecutionCompleted' && event.status === 'Completed') output = JSON.parse(event.result!) as Booking[];
  }
  return { certain, possible, ...(output && { output }) };
}

function bookingOf({ entityId, operation, input }: Pick<EntityOperationCalled, 'entityId' | 'operation' | 'input'>): Booking {
  const { id, amount } = JSON.parse(input!) as Posting;
  return { account: entityId.replace('@account@', ''), id, amount: operation === 'withdraw' ? -amount : amount };
}
