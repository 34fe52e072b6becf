import { Injectable } from '@nestjs/common';
import { Orchestrator, TaskFailedError, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DeliveryService } from '../delivery/delivery.service.js';
import { Article } from '../shop/article.entity.js';
import { Catalogue } from '../shop/catalogue.js';
import type { Receipt } from '../shop/payment-gateway.js';
import { ShippingService } from '../shop/shipping.service.js';
import type { Decision, Order, OrderLine, OrderOutcome } from './order.js';
import { pay, payBack } from './payment.js';

/** Orders above this total need somebody's approval. */
const APPROVAL_LIMIT = 500;

/** The way of an order, from its price to its parcel. What it waits for survives restarts of the process. */
@Injectable()
export class OrderService {
  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, order: Order): Orchestration<OrderOutcome> {
    const outcome = yield* this.process(ctx, order);
    ctx.setCustomStatus({ step: 'done' });
    return outcome;
  }

  private *process(ctx: OrchestrationContext, order: Order): Orchestration<OrderOutcome> {
    ctx.setCustomStatus({ step: 'pricing' });
    const total = yield* ctx.activities(Catalogue).price(order);

    if (total > APPROVAL_LIMIT) {
      const decision = yield* this.approval(ctx, order, total);
      if (!decision.approved) return { state: 'rejected', by: decision.by };
    }

    ctx.setCustomStatus({ step: 'reserving stock', total });
    const { reserved, shortage } = yield* this.reserveAll(ctx, order);
    if (shortage !== undefined) {
      yield* this.releaseAll(ctx, reserved);
      return { state: 'out of stock', reason: shortage };
    }

    ctx.setCustomStatus({ step: 'charging', total });
    let receipt: Receipt;
    try {
      receipt = yield* pay(ctx, order, total);
    } catch (error) {
      yield* this.releaseAll(ctx, reserved);
      return { state: 'not paid', reason: reasonOf(error) };
    }

    ctx.setCustomStatus({ step: 'shipping', total });
    let trackingNumber: string;
    try {
      trackingNumber = yield* this.ship(ctx, order);
    } catch (error) {
      ctx.setCustomStatus({ step: 'paying back', total });
      yield* payBack(ctx, order, receipt);
      yield* this.releaseAll(ctx, reserved);
      return { state: 'not shipped', reason: reasonOf(error) };
    }
    return { state: 'shipped', total, receiptId: receipt.receiptId, trackingNumber };
  }

  /** Waits for a human being, but not forever. */
  private *approval(ctx: OrchestrationContext, order: Order, total: number): Orchestration<Decision> {
    ctx.setCustomStatus({ step: 'waiting for approval', total });
    ctx.log.log(`order of ${total} waits for approval`);
    return yield* ctx.waitForExternalEvent<Decision>('decision', {
      timeout: order.approvalTimeoutSeconds * 1_000,
      default: { approved: false, by: 'time-out' },
    });
  }

  /** All lines at once; what could be reserved is told also when something is missing. */
  private *reserveAll(ctx: OrchestrationContext, order: Order): Orchestration<{ reserved: OrderLine[]; shortage?: string }> {
    const results = yield* ctx.allSettled(order.lines.map(({ sku, quantity }) => ctx.entity(Article, sku).reserve(quantity)));
    const failure = results.find((result) => result.status === 'rejected');
    return {
      reserved: order.lines.filter((_, index) => results[index]?.status === 'fulfilled'),
      shortage: failure && reasonOf(failure.reason),
    };
  }

  private *releaseAll(ctx: OrchestrationContext, reserved: readonly OrderLine[]): Orchestration {
    ctx.setCustomStatus({ step: 'releasing stock' });
    yield* ctx.all(reserved.map(({ sku, quantity }) => ctx.entity(Article, sku).release(quantity)));
  }

  /** The articles hear of it by signals, since the order has nothing to wait for. */
  private *ship(ctx: OrchestrationContext, order: Order): Orchestration<string> {
    const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const shipment = { orderId: order.id, customer: order.customer, pieces };
    const { ship } = ctx.orchestrators(ShippingService);
    const { deliver } = ctx.orchestrators(DeliveryService);
    const send = order.delivery === 'warehouse' ? deliver : ship;
    const trackingNumber = yield* send(shipment, { instanceId: `${ctx.instanceId}:shipping` });
    for (const { sku, quantity } of order.lines) ctx.entity(Article, sku).signal.ship(quantity);
    return trackingNumber;
  }
}

/** What went wrong first: a failed sub-orchestration tells of the activity that failed in it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof TaskFailedError)) throw error;
  let failure = error.failureDetails;
  while (failure.innerFailure !== undefined) failure = failure.innerFailure;
  return failure.errorMessage;
}
