/** Orchestrations of other shapes than a short sequence: wide, long, asleep, with much to carry. Their activities only answer. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

@Injectable()
export class Shapes {
  @Activity()
  async echo(value: unknown): Promise<unknown> {
    return value;
  }

  /** One activity. */
  @Orchestrator()
  *short(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.activities(Shapes).echo(0);
  }

  /** As many activities at once; answers how many. */
  @Orchestrator()
  *wide(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const { echo } = ctx.activities(Shapes);
    const results = yield* ctx.all(Array.from({ length: count }, (_, index) => echo(index)));
    return results.length;
  }

  /** As many activities, one after the other; answers how many. */
  @Orchestrator()
  *long(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const { echo } = ctx.activities(Shapes);
    for (let index = 0; index < count; index += 1) yield* echo(index);
    return count;
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
