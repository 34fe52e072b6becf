import { Entity, TaskEntity } from 'nestjs-durable';
import { PriceList, type Stock } from './price-list.js';

/**
 * The stock of one article, which is its key. Operations run one at a time, and each counts exactly once, so no piece is ever
 * reserved twice: neither by two orders, nor by one whose process died.
 */
@Entity()
export class Article extends TaskEntity<Stock> {
  constructor(private readonly priceList: PriceList) {
    super();
  }

  override initializeState(): Stock {
    return this.priceList.firstStock(this.context.entityKey);
  }

  /** New pieces from the supplier. */
  receive(quantity: number): void {
    this.state.available += quantity;
  }

  /** An error leaves the stock as it was, and reaches the order that called. */
  reserve(quantity: number): void {
    const { context, state } = this;
    if (state.available < quantity) throw new Error(`only ${state.available} × ${context.entityKey} in stock`);
    state.available -= quantity;
    state.reserved += quantity;
    context.log.log(`reserved ${quantity} × ${context.entityKey}, ${state.available} left`);
  }

  /** Takes a reservation back. */
  release(quantity: number): void {
    this.state.reserved -= quantity;
    this.state.available += quantity;
  }

  /** What was reserved has left the house. */
  ship(quantity: number): void {
    this.state.reserved -= quantity;
    this.state.sold += quantity;
  }

  /** What was sold has come back. */
  takeBack(quantity: number): void {
    this.state.sold -= quantity;
    this.state.available += quantity;
  }
}
