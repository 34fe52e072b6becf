/** What the README's quick start takes for given: an order, and a service that charges it. */
import { Injectable } from '@nestjs/common';

export interface Order {
  readonly id: string;
}

export interface Receipt {
  readonly key: string;
}

@Injectable()
export class PaymentGateway {
  private readonly receipts = new Map<string, Receipt>();

  async charge(_order: Order, idempotencyKey: string): Promise<Receipt> {
    const receipt = this.receipts.get(idempotencyKey) ?? { key: idempotencyKey };
    this.receipts.set(idempotencyKey, receipt);
    return receipt;
  }
}
