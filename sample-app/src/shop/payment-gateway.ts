import { Injectable } from '@nestjs/common';
import { Activity, NonRetriableError, type ActivityContext } from 'nestjs-durable';
import { SimulatedWork } from '../support/simulated-work.js';

export interface Charge {
  readonly orderId: string;
  readonly card: string;
  readonly amount: number;
}

export interface Receipt {
  readonly receiptId: string;
  readonly amount: number;
}

/** A payment service with bad days: the first attempt of each charge fails. Cards that end in 0002 are declined for good. */
@Injectable()
export class PaymentGateway {
  constructor(private readonly work: SimulatedWork) {}

  @Activity()
  async charge({ orderId, card, amount }: Charge, ctx: ActivityContext): Promise<Receipt> {
    await this.work.perform(`charge ${amount} for order ${orderId}`, ctx);
    if (card.endsWith('0002')) throw new NonRetriableError('the card was declined');
    if (ctx.attempt === 1) {
      ctx.log.warn(`the payment service did not answer [${ctx.instanceId}]`);
      throw new Error('the payment service did not answer');
    }
    return { receiptId: `receipt-${ctx.idempotencyKey}`, amount };
  }

  @Activity()
  async refund({ receiptId, amount }: Receipt, ctx: ActivityContext): Promise<void> {
    await this.work.perform(`refund ${amount} of ${receiptId}`, ctx);
  }
}
