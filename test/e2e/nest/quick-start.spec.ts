/** The quick start of the README, as a user would test it. */
import { Body, Controller, Get, Injectable, Param, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Activity, DurableClient, DurableModule, InjectDurableClient, Orchestrator,
  type ActivityContext, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { IN_MEMORY } from './support.js';

interface Order {
  readonly id: string;
}

interface Receipt {
  readonly key: string;
}

@Injectable()
class PaymentGateway {
  readonly charges: string[] = [];

  async charge(order: Order, idempotencyKey: string): Promise<Receipt> {
    this.charges.push(order.id);
    if (this.charges.length === 1) throw new Error('a bad line');
    return { key: idempotencyKey };
  }
}

@Injectable()
class OrderService {
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
    yield* charge(order, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 5 } });
    return yield* ship(order);
  }
}

@Controller('orders')
class OrdersController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  @Post()
  start(@Body() order: Order) {
    return this.client.orchestrators(OrderService).fulfil(order, { instanceId: order.id });
  }

  @Post(':id/approve')
  approve(@Param('id') id: string) {
    return this.client.raiseEvent(id, 'approved', true);
  }

  @Get(':id')
  status(@Param('id') id: string) {
    return this.client.getStatus(id);
  }
}

describe('the quick start', () => {
  let app: INestApplication<App>;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      imports: [DurableModule.forRoot(IN_MEMORY)],
      controllers: [OrdersController],
      providers: [OrderService, PaymentGateway],
    }).compile();
    app = module.createNestApplication<INestApplication<App>>({ logger: false });
    await app.init();
  });

  afterEach(() => app.close());

  it('fulfils an approved order, with a second attempt for the payment', async () => {
    const server = app.getHttpServer();
    await request(server).post('/orders').send({ id: 'a' }).expect(201, 'a');
    await request(server).post('/orders/a/approve').expect(201);
    await app.get(DurableClient, { strict: false }).waitForCompletion('a');
    const { body } = await request(server).get('/orders/a').expect(200);
    expect(body).toMatchObject({ runtimeStatus: 'Completed', input: { id: 'a' }, output: 'parcel-a' });
    expect(app.get(PaymentGateway).charges).toEqual(['a', 'a']);
  });

  it('[K1] [E4] refuses an unknown orchestrator and an event to a missing instance', async () => {
    const client = app.get(DurableClient, { strict: false });
    await expect(client.startNew('fulfill')).rejects.toMatchObject({ name: 'UnknownHandlerError' });
    await expect(client.raiseEvent('b', 'approved')).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
  });
});
