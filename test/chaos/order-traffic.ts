/** Orders through the clients of several processes, which may die: what one of them did not answer is asked of another. */
import { InstanceNotRunningError, type DurableClient, type DurableOrchestrationStatus } from '../../lib/index.js';
import { serve, type OrderClient } from './order-client.js';
import type { Release } from './orders.js';
import { list } from './plan.js';
import type { Random } from './random.js';
import type { ClientCall } from './worker-messages.js';

/** How long an order may take once it is paid, ms: longer than a killed worker's lease. */
const STUCK = 30_000;
/** Orders under way at the same time. */
const IN_FLIGHT = 20;

export interface PlacedOrder {
  readonly instanceId: string;
  /** Version that it was started with; unknown when the answer was lost and two clients may have started it. */
  readonly version?: Release;
  /** How it ended. */
  end?: DurableOrchestrationStatus;
}

export class OrderTraffic {
  readonly orders: PlacedOrder[] = [];
  /** Where orders come in. */
  clients: readonly OrderClient[] = [];
  /** Calls that a client's process did not answer. */
  lost = 0;
  private count = 0;

  /** @param client of a process that lives all the time */
  constructor(private readonly client: DurableClient, private readonly random: Random) {}

  /** Starts orders that wait to be paid. */
  place(count: number): Promise<PlacedOrder[]> {
    return Promise.all(list(count, () => this.placeOne()));
  }

  /** Pays an order and waits for its end. @throws {TaskTimeoutError} when it gets stuck */
  async settle(order: PlacedOrder): Promise<void> {
    await this.ask({ call: 'pay', instanceId: order.instanceId });
    order.end = await this.client.waitForCompletion(order.instanceId, { timeout: STUCK });
  }

  /** Places and settles so many orders, some at a time; resolves when all of them have ended. */
  async run(count: number): Promise<void> {
    let left = count;
    const one = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.settle(await this.placeOne());
      }
    };
    await Promise.all(list(IN_FLIGHT, one));
  }

  private async placeOne(): Promise<PlacedOrder> {
    const instanceId = `order-${(this.count += 1)}`;
    const version = await this.ask({ call: 'start', instanceId });
    const order: PlacedOrder = { instanceId, version };
    this.orders.push(order);
    return order;
  }

  /** Answers the version of the client that did it. */
  private async ask(call: ClientCall): Promise<Release | undefined> {
    const client = this.random.pick(this.clients);
    try {
      await client.ask(call);
      return client.version;
    } catch (error) {
      // Every other client is to answer.
      if (this.clients.includes(client)) throw error;
      this.lost += 1;
    }
    try {
      await serve(this.client, call);
    } catch (error) {
      // It was paid twice, and was faster than the second payment.
      if (call.call !== 'pay' || !(error instanceof InstanceNotRunningError)) throw error;
    }
    return undefined;
  }
}
