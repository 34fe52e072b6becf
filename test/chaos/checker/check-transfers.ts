/** Whether the orchestrations of the transfer test ended as planned. */
import type { TransferRun } from '../transfer-traffic.js';
import { FAILURE } from '../transfers.js';

const STATUSES = { completes: 'Completed', fails: 'Failed', terminated: 'Terminated' } as const;

export function checkTransfers({ plan, end }: TransferRun): string[] {
  const status = STATUSES[plan.end.kind];
  const isExpected = end?.runtimeStatus === status && (status !== 'Failed' || end.failureDetails?.errorMessage === FAILURE);
  return isExpected ? [] : [`'${plan.id}' is ${end?.runtimeStatus ?? 'unfinished'} in place of ${status}: ${JSON.stringify(end?.failureDetails ?? end?.output)}`];
}
