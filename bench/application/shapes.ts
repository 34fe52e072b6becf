/** Orchestrations of other shapes than a short sequence: wide, long, asleep, with much to carry. Their activities do next to nothing. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

@Injectable()
export class Shapes {
  @Activity()
  async echo(value: unknown): Promise<unknown> {
    return value;
  }

  @Activity()
  async increment(number: number): Promise<number> {
    return number + 1;
  }

  /** One activity. */
  @Orchestrator()
  *short(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.activities(Shapes).echo(0);
  }

  /** As many activities at once; answers how many. */
  @Orchestrator()
  *wide(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const { increment } = ctx.activities(Shapes);
    const results = yield* ctx.all(Array.from({ length: count }, () => increment(0)));
    return results.reduce((sum, number) => sum + number, 0);
  }

  /** As many activities, one after the other; answers how many. */
  @Orchestrator()
  *long(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const { increment } = ctx.activities(Shapes);
    let number = 0;
    for (let step = 0; step < count; step += 1) number = yield* increment(number);
    return number;
  }

  /** Three activities in sequence, each of which takes and gives back the text; answers its length. */
  @Orchestrator()
  *heavy(ctx: OrchestrationContext, text: string): Orchestration<number> {
    const { echo } = ctx.activities(Shapes);
    const carried = yield* echo(yield* echo(yield* echo(text)));
    return (carried as string).length;
  }

  /** Until a moment, epoch ms. */
  @Orchestrator()
  *asleep(ctx: OrchestrationContext, until: number): Orchestration<void> {
    yield* ctx.createTimer(new Date(until));
  }
}
