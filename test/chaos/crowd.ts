/** Handlers of instances that come in crowds, and of those that keep a worker busy for long. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

@Injectable()
export class Crowd {
  @Activity()
  async note(index: number): Promise<number> {
    return index;
  }

  /** Three activities, one after the other. */
  @Orchestrator()
  *steps(ctx: OrchestrationContext): Orchestration<number> {
    const { note } = ctx.activities(Crowd);
    return (yield* note(1)) + (yield* note(2)) + (yield* note(3));
  }

  /** Until a moment, epoch ms. */
  @Orchestrator()
  *sleeps(ctx: OrchestrationContext, until: number): Orchestration<string> {
    yield* ctx.createTimer(new Date(until));
    return 'slept';
  }

  /** As many events, whose data are numbers; answers how many came in the order in which they were sent. */
  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<number> {
    let inOrder = 0;
    for (let index = 0; index < count; index += 1) {
      const { number } = yield* ctx.waitForExternalEvent<{ number: number }>('item');
      if (number === index) inOrder += 1;
    }
    return inOrder;
  }

  /** As many activities at once; answers the sum of their results. */
  @Orchestrator()
  *fansOut(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const { note } = ctx.activities(Crowd);
    const results = yield* ctx.all(Array.from({ length: count }, (_, index) => note(index)));
    return results.reduce((sum, result) => sum + result, 0);
  }

  /** For ever. */
  @Orchestrator()
  *renews(ctx: OrchestrationContext, generation: number): Orchestration<void> {
    yield* ctx.activities(Crowd).note(generation);
    ctx.setCustomStatus(generation);
    ctx.continueAsNew(generation + 1);
  }
}
