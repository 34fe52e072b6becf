import { Injectable } from '@nestjs/common';
import { NonRetriableError } from 'nestjs-durable';

/** How many pieces of an article there are. */
export interface Stock {
  available: number;
  reserved: number;
  sold: number;
}

/** The articles of the shop: what they cost, and how many there are before the first one is ordered. */
@Injectable()
export class PriceList {
  private readonly articles = new Map([
    ['cup', { price: 8, pieces: 1_000 }],
    ['teapot', { price: 45, pieces: 100 }],
    ['samovar', { price: 900, pieces: 5 }],
  ]);

  /** The articles that can be ordered. */
  get skus(): string[] {
    return [...this.articles.keys()];
  }

  price(sku: string): number {
    return this.article(sku).price;
  }

  firstStock(sku: string): Stock {
    return { available: this.article(sku).pieces, reserved: 0, sold: 0 };
  }

  private article(sku: string): { price: number; pieces: number } {
    const article = this.articles.get(sku);
    if (article === undefined) throw new NonRetriableError(`there is no article '${sku}'`);
    return article;
  }
}
