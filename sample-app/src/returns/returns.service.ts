import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext, type RetryOptions } from 'nestjs-durable';
import type { Order, Shipped } from '../orders/order.js';
import { payBack } from '../orders/payment.js';
import { Article } from '../shop/article.entity.js';
import { Inspections, type Findings, type ReturnedParcel } from './inspections.js';

export interface ReturnedOrder {
  readonly order: Order;
  readonly shipped: Shipped;
  readonly condition: string;
}

/** How a return ended. */
export interface ReturnOutcome {
  readonly state: 'paid back' | 'refused';
  readonly remark: string;
}

/** How long to wait between two questions, ms. */
const PAUSE = 2_000;

/** A warehouse that is down is waited for, some days if need be. */
const RETRY: RetryOptions = { firstRetryInterval: 1_000, backoffCoefficient: 2, maxRetryInterval: 60_000, maxNumberOfAttempts: 10_000 };

/** Orders that come back. The warehouse looks at them, and the money goes back when it is content. */
@Injectable()
export class ReturnsService {
  @Orchestrator()
  *takeBack(ctx: OrchestrationContext, { order, shipped, condition }: ReturnedOrder): Orchestration<ReturnOutcome> {
    const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    ctx.setCustomStatus({ step: 'inspection' });
    const { accepted, remark } = yield* this.inspect(ctx, { orderId: order.id, pieces, condition });
    if (!accepted) return { state: 'refused', remark };

    ctx.setCustomStatus({ step: 'paying back' });
    yield* payBack(ctx, order, { receiptId: shipped.receiptId, amount: shipped.total });
    for (const { sku, quantity } of order.lines) ctx.entity(Article, sku).signal.takeBack(quantity);
    return { state: 'paid back', remark };
  }

  /**
   * What `callHttp` does by itself, written out: an activity that starts, one that asks, and a durable timer between. For
   * services that answer in another way, and for keys that are to stay out of the history.
   */
  private *inspect(ctx: OrchestrationContext, parcel: ReturnedParcel): Orchestration<Findings> {
    const { startInspection, askForFindings } = ctx.activities(Inspections);
    const id = yield* startInspection(parcel, { retry: RETRY });
    for (;;) {
      const findings = yield* askForFindings(id, { retry: RETRY });
      if (findings !== null) return findings;
      yield* ctx.createTimer(PAUSE);
    }
  }
}
