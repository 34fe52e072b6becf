import { Injectable } from '@nestjs/common';
import { Orchestrator, TaskFailedError, type Orchestration, type OrchestrationContext, type RetryOptions } from 'nestjs-durable';
import { PaymentGateway, type Receipt } from '../shop/payment-gateway.js';
import { ShippingService } from '../shop/shipping.service.js';
import { Warehouse, type Reservation } from '../shop/warehouse.js';
import type { Decision, Order, OrderOutcome } from './order.js';

/** Orders above this total need somebody's approval. */
const APPROVAL_LIMIT = 500;

const PAYMENT_RETRY: RetryOptions = { firstRetryInterval: 1_000, backoffCoefficient: 2, maxNumberOfAttempts: 5 };

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
    const total = yield* ctx.activities(Warehouse).price(order);

    if (total > APPROVAL_LIMIT) {
      const decision = yield* this.approval(ctx, order, total);
      if (!decision.approved) return { state: 'rejected', by: decision.by };
    }

    ctx.setCustomStatus({ step: 'reserving stock', total });
    const { reservations, shortage } = yield* this.reserveAll(ctx, order);
    if (shortage !== undefined) {
      yield* this.releaseAll(ctx, reservations);
      return { state: 'out of stock', reason: shortage };
    }

    ctx.setCustomStatus({ step: 'charging', total });
    let receipt: Receipt;
    try {
      const charge = { orderId: order.id, card: order.card, amount: total };
      receipt = yield* ctx.activities(PaymentGateway).charge(charge, { retry: PAYMENT_RETRY });
    } catch (error) {
      yield* this.releaseAll(ctx, reservations);
      return { state: 'not paid', reason: reasonOf(error) };
    }

    ctx.setCustomStatus({ step: 'shipping', total });
    const shipment = { orderId: order.id, customer: order.customer };
    const trackingNumber = yield* ctx.orchestrators(ShippingService).ship(shipment, { instanceId: `${ctx.instanceId}:shipping` });
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
  private *reserveAll(ctx: OrchestrationContext, order: Order): Orchestration<{ reservations: Reservation[]; shortage?: string }> {
    const { reserve } = ctx.activities(Warehouse);
    const results = yield* ctx.allSettled(order.lines.map((line) => reserve(line)));
    const failure = results.find((result) => result.status === 'rejected');
    return {
      reservations: results.filter((result) => result.status === 'fulfilled').map(({ value }) => value),
      shortage: failure && reasonOf(failure.reason),
    };
  }

  private *releaseAll(ctx: OrchestrationContext, reservations: readonly Reservation[]): Orchestration {
    ctx.setCustomStatus({ step: 'releasing stock' });
    const { release } = ctx.activities(Warehouse);
    yield* ctx.all(reservations.map((reservation) => release(reservation)));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TaskFailedError) return error.failureDetails.errorMessage;
  throw error;
}
