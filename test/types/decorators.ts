/**
 * Compiled by `npm run typecheck`, never run: what the types must accept and refuse.
 */
import {
  Activity, Orchestrator, type ActivityContext, type DurableTask, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';

interface Order {
  readonly id: string;
}

export class Accepted {
  @Orchestrator()
  *typed(ctx: OrchestrationContext, order: Order): Orchestration<string> {
    const receipt = yield* ctx.callActivity<string>('charge', order);
    return receipt satisfies string;
  }

  @Orchestrator({ name: 'inferred', version: '2' })
  *inferred(ctx: OrchestrationContext) {
    yield ctx.createTimer(1_000);
    return 1;
  }

  @Orchestrator()
  *withoutYield(): Orchestration<number> {
    return 1;
  }

  @Orchestrator()
  plain(_ctx: OrchestrationContext, order: Order): string {
    return order.id;
  }

  @Activity()
  charge(order: Order, ctx: ActivityContext): Promise<string> {
    return Promise.resolve(`${order.id}-${ctx.idempotencyKey}`);
  }

  @Activity()
  alwaysThrows(_order: Order): never {
    throw new Error('always');
  }

  @Activity({ name: 'noInput' })
  noInput(): number {
    return 0;
  }
}

export class Refused {
  // @ts-expect-error [O3] an orchestrator is not async
  @Orchestrator()
  async asynchronous(_ctx: OrchestrationContext, order: Order): Promise<string> {
    return order.id;
  }

  // @ts-expect-error [O3] nor an async generator
  @Orchestrator()
  async *asynchronousGenerator(ctx: OrchestrationContext): AsyncGenerator<DurableTask<any>, void, any> {
    yield ctx.createTimer(1);
  }

  // @ts-expect-error [O1] an orchestrator yields tasks
  @Orchestrator()
  *yieldsPromises(_ctx: OrchestrationContext): Generator<Promise<void>, void, any> {
    yield Promise.resolve();
  }

  // @ts-expect-error an orchestrator has one input
  @Orchestrator()
  *twoInputs(_ctx: OrchestrationContext, _order: Order, _more?: string): Orchestration {}

  // @ts-expect-error the context comes first
  @Orchestrator()
  *inputFirst(_order: Order, _ctx: OrchestrationContext): Orchestration {}

  // @ts-expect-error [A1] an activity has no third parameter
  @Activity()
  thirdParameter(_order: Order, _ctx: ActivityContext, _more: string): void {}

  // @ts-expect-error [A1] not even an optional one
  @Activity()
  optionalThirdParameter(_order: Order, _ctx: ActivityContext, _more?: string): void {}

  // @ts-expect-error an activity is no generator
  @Activity()
  *generator(_order: Order): Generator<number> {}

  // @ts-expect-error a field is no method
  @Activity()
  field = (order: Order): string => order.id;
}
