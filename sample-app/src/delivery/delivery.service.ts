import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext, type RetryOptions } from 'nestjs-durable';
import type { Shipment } from '../shop/shipping.service.js';
import { outputOf } from './remote-end.js';
import { WarehouseApi } from './warehouse-api.js';

/** A warehouse that is down is waited for, some days if need be. */
const RETRY: RetryOptions = { firstRetryInterval: 1_000, backoffCoefficient: 2, maxRetryInterval: 60_000, maxNumberOfAttempts: 10_000 };

/** Orders that the warehouse dispatches, by an orchestration there. */
@Injectable()
export class DeliveryService {
  /**
   * Starts the orchestration `dispatch` of the warehouse and waits for its end: `callHttp` follows the 202 to the status, and asks
   * for that until it is another one. Gives the tracking number.
   *
   * A request whose answer was not committed when the process died is sent again. The id comes from the order, so the second
   * start is answered with 409: it runs already, or has ended, and is asked for. Without `onConflict` one that has ended would be
   * replaced, and the parcel sent twice.
   */
  @Orchestrator()
  *deliver(ctx: OrchestrationContext, shipment: Shipment): Orchestration<string> {
    const { url, headers } = yield* ctx.activities(WarehouseApi).access();
    const id = `dispatch-${shipment.orderId}`;
    const start = `${url}/orchestrators/dispatch/${id}?onConflict=reject`;
    let answer = yield* ctx.callHttp({ method: 'POST', url: start, headers, body: shipment, retry: RETRY });
    if (answer.statusCode === 409) {
      ctx.log.log(`${id} runs already`);
      answer = yield* ctx.callHttp({ method: 'GET', url: `${url}/instances/${id}`, headers, retry: RETRY });
    }
    return outputOf<string>(answer.statusCode, answer.content);
  }
}
