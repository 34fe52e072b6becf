import type { Orchestration, OrchestrationContext, RetryOptions } from 'nestjs-durable';
import { Bank } from '../bank/bank.js';
import { PaymentGateway, type Receipt } from '../shop/payment-gateway.js';
import type { Order } from './order.js';

const RETRY: RetryOptions = { firstRetryInterval: 1_000, backoffCoefficient: 2, maxNumberOfAttempts: 5 };

/** The account of the shop. */
const SHOP = 'shop';

/** Takes the money from the customer's account, if the order names one, else from the card. */
export function* pay(ctx: OrchestrationContext, order: Order, amount: number): Orchestration<Receipt> {
  if (order.account === undefined) {
    return yield* ctx.activities(PaymentGateway).charge({ orderId: order.id, card: order.card, amount }, { retry: RETRY });
  }
  const receiptId = `${ctx.instanceId}:payment`;
  yield* ctx.orchestrators(Bank).transfer({ from: order.account, to: SHOP, amount }, { instanceId: receiptId });
  return { receiptId, amount };
}

/** Gives the money back where it came from. */
export function* payBack(ctx: OrchestrationContext, order: Order, receipt: Receipt): Orchestration {
  if (order.account === undefined) return yield* ctx.activities(PaymentGateway).refund(receipt, { retry: RETRY });
  const refund = { from: SHOP, to: order.account, amount: receipt.amount };
  yield* ctx.orchestrators(Bank).transfer(refund, { instanceId: `${ctx.instanceId}:refund` });
}
