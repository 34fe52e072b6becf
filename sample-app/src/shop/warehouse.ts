import { Injectable } from '@nestjs/common';
import { Activity, NonRetriableError, type ActivityContext } from 'nestjs-durable';
import type { Order, OrderLine } from '../orders/order.js';
import { SimulatedWork } from '../support/simulated-work.js';

interface Article {
  readonly price: number;
  stock: number;
}

export interface Reservation extends OrderLine {
  readonly id: string;
}

/**
 * The warehouse and its price list. It stands for a system of its own, so it recognises a repeated request by its key;
 * being a stand-in, it forgets at a restart what a real one would not.
 */
@Injectable()
export class Warehouse {
  private readonly articles = new Map<string, Article>([
    ['cup', { price: 8, stock: 1_000 }],
    ['teapot', { price: 45, stock: 100 }],
    ['samovar', { price: 900, stock: 5 }],
  ]);
  private readonly reservations = new Map<string, Reservation>();

  constructor(private readonly work: SimulatedWork) {}

  /** The articles that can be ordered. */
  get skus(): string[] {
    return [...this.articles.keys()];
  }

  /** The total of an order. */
  @Activity()
  async price(order: Order, ctx: ActivityContext): Promise<number> {
    await this.work.perform(`price order ${order.id}`, ctx);
    return order.lines.reduce((total, { sku, quantity }) => total + this.article(sku).price * quantity, 0);
  }

  @Activity()
  async reserve(line: OrderLine, ctx: ActivityContext): Promise<Reservation> {
    await this.work.perform(`reserve ${line.quantity} × ${line.sku}`, ctx);
    const earlier = this.reservations.get(ctx.idempotencyKey);
    if (earlier !== undefined) return earlier;

    const article = this.article(line.sku);
    if (article.stock < line.quantity) throw new NonRetriableError(`only ${article.stock} × ${line.sku} in stock`);
    article.stock -= line.quantity;
    const reservation = { ...line, id: ctx.idempotencyKey };
    this.reservations.set(reservation.id, reservation);
    return reservation;
  }

  /** Takes a reservation back; one that is gone already is fine. */
  @Activity()
  async release(reservation: Reservation, ctx: ActivityContext): Promise<void> {
    await this.work.perform(`release ${reservation.quantity} × ${reservation.sku}`, ctx);
    if (this.reservations.delete(reservation.id)) this.article(reservation.sku).stock += reservation.quantity;
  }

  /** Articles of which there are fewer than `threshold`, with what is left of them. */
  @Activity()
  async lowStock(threshold: number, ctx: ActivityContext): Promise<Record<string, number>> {
    await this.work.perform(`look for stocks below ${threshold}`, ctx);
    const low = [...this.articles].filter(([, { stock }]) => stock < threshold);
    return Object.fromEntries(low.map(([sku, { stock }]) => [sku, stock]));
  }

  private article(sku: string): Article {
    const article = this.articles.get(sku);
    if (article === undefined) throw new NonRetriableError(`there is no article '${sku}'`);
    return article;
  }
}
