import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { DurableClient, InjectDurableClient } from 'nestjs-durable';
import { wholeNumber } from '../support/bad-request.js';
import { Article } from './article.entity.js';
import { Catalogue } from './catalogue.js';
import { PriceList } from './price-list.js';

@Controller('stock')
export class StockController {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly priceList: PriceList,
    @InjectDurableClient() private readonly client: DurableClient,
  ) {}

  @Get()
  list() {
    return this.catalogue.stock();
  }

  /** Pieces from the supplier: a signal, which is durable when the answer comes, and carried out soon after. */
  @Post(':sku/deliveries')
  @HttpCode(202)
  async receive(@Param('sku') sku: string, @Body('quantity') quantity: unknown) {
    if (!this.priceList.skus.includes(sku)) throw new NotFoundException(`There is no article '${sku}'.`);
    await this.client.entity(Article, sku).signal.receive(wholeNumber('quantity', quantity, 10_000));
    return { sku, quantity, links: { stock: '/stock' } };
  }
}
