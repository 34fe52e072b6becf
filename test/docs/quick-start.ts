/** The quick start of the README. */
// #region imports
import { Body, Controller, Get, Injectable, Module, Param, Post } from '@nestjs/common';
import { Activity, DurableClient, DurableModule, InjectDurableClient, Orchestrator } from 'nestjs-durable';
import type { ActivityContext, Orchestration, OrchestrationContext } from 'nestjs-durable';
import { PaymentGateway, type Order, type Receipt } from './payments.js';
// #endregion

// #region quick-start
@Injectable()
export class OrderService {
  constructor(private readonly payments: PaymentGateway) {}

  @Activity()
  charge(order: Order, ctx: ActivityContext): Promise<Receipt> {
    return this.payments.charge(order, ctx.idempotencyKey);
  }

  @Activity()
  async ship(order: Order): Promise<string> {
    return `parcel-${order.id}`;
  }

  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, order: Order): Orchestration<string> {
    const { charge, ship } = ctx.activities(OrderService);
    const approved = yield* ctx.waitForExternalEvent<boolean>('approved', { timeout: 86_400_000, default: false });
    if (!approved) return 'rejected';
    yield* charge(order, { retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 5 } });
    return yield* ship(order);
  }
}

@Controller('orders')
export class OrdersController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  @Post() start(@Body() order: Order) {
    return this.client.orchestrators(OrderService).fulfil(order, { instanceId: order.id });
  }
  @Post(':id/approve') approve(@Param('id') id: string) {
    return this.client.raiseEvent(id, 'approved', true);
  }
  @Get(':id') status(@Param('id') id: string) {
    return this.client.getStatus(id);
  }
}

@Module({
  imports: [DurableModule.forRoot({ storage: { type: 'better-sqlite3', database: 'durable.sqlite' } })],
  controllers: [OrdersController],
  providers: [OrderService, PaymentGateway],
})
export class AppModule {}
// #endregion
