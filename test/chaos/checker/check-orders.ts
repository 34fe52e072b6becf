/** Whether an order came to its end on the version that it started with [Y5]. */
import type { PlacedOrder } from '../order-traffic.js';
import type { Receipt } from '../orders.js';

export function checkOrder({ instanceId, version, end }: PlacedOrder): string[] {
  if (end?.runtimeStatus !== 'Completed') return [`order '${instanceId}' is ${end?.runtimeStatus ?? 'unfinished'}: ${JSON.stringify(end?.output)}`];
  const { parcel, ...order } = end.output as Receipt;
  const problems: string[] = [];
  if (version !== undefined && end.version !== version) problems.push(`order '${instanceId}' was started with version ${version} and is of version ${end.version}`);
  if (order.version !== end.version || order.code !== end.version) {
    problems.push(`order '${instanceId}' of version ${end.version} was told version ${order.version} and ran the code of version ${order.code}`);
  }
  if (parcel.version !== parcel.code) problems.push(`the parcel of order '${instanceId}' was told version ${parcel.version} and ran the code of version ${parcel.code}`);
  return problems;
}
