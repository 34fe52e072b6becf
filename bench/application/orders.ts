/** Sequences of activities that do nothing but answer. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

export interface Order {
  readonly number: number;
  readonly done: readonly string[];
  readonly note: string;
}

/** Some 200 bytes with the rest of the order, which every activity takes and gives back. */
export const NOTE = 'x'.repeat(160);

@Injectable()
export class OrderSteps {
  @Activity()
  async reserve(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'reserved'] };
  }

  @Activity()
  async charge(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'charged'] };
  }

  @Activity()
  async ship(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'shipped'] };
  }

  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, order: Order): Orchestration<Order> {
    const { reserve, charge, ship } = ctx.activities(OrderSteps);
    const reserved = yield* reserve(order);
    const charged = yield* charge(reserved);
    return yield* ship(charged);
  }

  /** A step more: what it leaves in the database is told apart by its name. */
  @Orchestrator()
  *fulfilAndReturn(ctx: OrchestrationContext, order: Order): Orchestration<Order> {
    const { reserve } = ctx.activities(OrderSteps);
    return yield* reserve(yield* this.fulfil(ctx, order));
  }
}
