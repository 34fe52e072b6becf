import { BadRequestException, Body, ConflictException, Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { DurableClient, InjectDurableClient } from 'nestjs-durable';
import type { Order, OrderOutcome } from '../orders/order.js';
import { ReturnsService } from './returns.service.js';

/** The return of an order, of which there is at most one. */
@Controller('orders/:id/return')
export class ReturnsController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  @Post()
  @HttpCode(202)
  async start(@Param('id') id: string, @Body('condition') condition: unknown = 'unused') {
    if (typeof condition !== 'string') throw new BadRequestException('condition must be a string.');
    const order = await this.client.getStatus(id);
    if (order?.name !== 'fulfil') throw new NotFoundException(`There is no order '${id}'.`);
    const outcome = order.output as OrderOutcome | undefined;
    if (outcome?.state !== 'shipped') throw new ConflictException(`The order '${id}' was not shipped.`);
    const { takeBack } = this.client.orchestrators(ReturnsService);
    await takeBack({ order: order.input as Order, shipped: outcome, condition }, { instanceId: returnOf(id), onConflict: 'reject' });
    return { id, links: { self: `/orders/${id}/return` } };
  }

  @Get()
  async get(@Param('id') id: string) {
    const status = await this.client.getStatus(returnOf(id));
    if (status === null) throw new NotFoundException(`The order '${id}' was not returned.`);
    return { status: status.runtimeStatus, progress: status.customStatus ?? null, outcome: status.output ?? null };
  }
}

/** No order can have this id, since orders have no colon. */
const returnOf = (orderId: string): string => `${orderId}:return`;
