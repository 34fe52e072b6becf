import type { ServerResponse } from 'node:http';
import { BadRequestException, Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Query, Res } from '@nestjs/common';
import { DurableClient, InjectDurableClient, RUNTIME_STATUSES, type DurableOrchestrationStatus, type RuntimeStatus } from 'nestjs-durable';
import { asBadRequest } from '../support/bad-request.js';
import type { Decision, Order } from './order.js';
import { OrderService } from './order.service.js';
import { toOrderView, type OrderView } from './order-view.js';
import { ParseOrderPipe } from './parse-order.pipe.js';

@Controller('orders')
export class OrdersController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  /** Starts an order; an id that was used before is refused, so a repeated request cannot order twice. */
  @Post()
  @HttpCode(202)
  async start(@Body(ParseOrderPipe) order: Order, @Res({ passthrough: true }) response: ServerResponse) {
    const { fulfil } = this.client.orchestrators(OrderService);
    const id = await fulfil(order, { instanceId: order.id, onConflict: 'reject', tags: { customer: order.customer } });
    const self = `/orders/${id}`;
    response.setHeader('location', self);
    return { id, links: { self, history: `${self}?history=true`, approve: `${self}/approve`, reject: `${self}/reject` } };
  }

  @Get()
  async list(@Query('status') status?: string, @Query('page') continuationToken?: string) {
    const runtimeStatus = status === undefined ? undefined : asStatus(status);
    const page = await this.client.getStatusBy({ name: 'fulfil', runtimeStatus, continuationToken }).catch(asBadRequest);
    return { orders: page.instances.map(toOrderView), nextPage: page.continuationToken };
  }

  @Get(':id')
  async get(@Param('id') id: string, @Query('history') history?: string): Promise<OrderView> {
    return toOrderView(await this.find(id, history === 'true'));
  }

  @Post(':id/approve')
  @HttpCode(202)
  approve(@Param('id') id: string, @Body('by') by: unknown) {
    return this.decide(id, { approved: true, by: asPerson(by) });
  }

  @Post(':id/reject')
  @HttpCode(202)
  reject(@Param('id') id: string, @Body('by') by: unknown) {
    return this.decide(id, { approved: false, by: asPerson(by) });
  }

  /** The event is kept until the order waits for it, so nobody can be too early. */
  private async decide(id: string, decision: Decision): Promise<{ id: string; decision: Decision }> {
    await this.find(id);
    await this.client.raiseEvent(id, 'decision', decision);
    return { id, decision };
  }

  private async find(id: string, showHistory = false): Promise<DurableOrchestrationStatus> {
    const status = await this.client.getStatus(id, { showHistory, showHistoryOutput: true });
    if (status?.name !== 'fulfil') throw new NotFoundException(`There is no order '${id}'.`);
    return status;
  }
}

function asStatus(text: string): RuntimeStatus {
  const status = RUNTIME_STATUSES.find((known) => known.toLowerCase() === text.toLowerCase());
  if (status === undefined) throw new BadRequestException(`status must be one of ${RUNTIME_STATUSES.join(', ')}.`);
  return status;
}

function asPerson(by: unknown): string {
  if (by === undefined) return 'somebody';
  if (typeof by !== 'string' || by === '') throw new BadRequestException('by must be a non-empty string.');
  return by;
}
