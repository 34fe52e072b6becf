import { Injectable } from '@nestjs/common';
import { Activity, DurableClient, EntityId, InjectDurableClient, type ActivityContext } from 'nestjs-durable';
import type { Order } from '../orders/order.js';
import { SimulatedWork } from '../support/simulated-work.js';
import { PriceList, type Stock } from './price-list.js';

export interface ArticleStock extends Stock {
  readonly sku: string;
  readonly price: number;
}

/** Prices orders, and looks at the stock of all articles. */
@Injectable()
export class Catalogue {
  constructor(
    private readonly priceList: PriceList,
    private readonly work: SimulatedWork,
    @InjectDurableClient() private readonly client: DurableClient,
  ) {}

  /** The total of an order. */
  @Activity()
  async price(order: Order, ctx: ActivityContext): Promise<number> {
    await this.work.perform(`price order ${order.id}`, ctx);
    return order.lines.reduce((total, { sku, quantity }) => total + this.priceList.price(sku) * quantity, 0);
  }

  /** Articles of which there are fewer than `threshold`, with what is left of them. */
  @Activity()
  async lowStock(threshold: number, ctx: ActivityContext): Promise<Record<string, number>> {
    await this.work.perform(`look for stocks below ${threshold}`, ctx);
    const low = (await this.stock()).filter(({ available }) => available < threshold);
    return Object.fromEntries(low.map(({ sku, available }) => [sku, available]));
  }

  /** All articles, as the last committed operations left them. */
  stock(): Promise<ArticleStock[]> {
    return Promise.all(this.priceList.skus.map(async (sku) => {
      // An article comes about with its first operation.
      const { entityState = this.priceList.firstStock(sku) } = await this.client.readEntityState<Stock>(new EntityId('article', sku));
      return { sku, price: this.priceList.price(sku), ...entityState };
    }));
  }
}
