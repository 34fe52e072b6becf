/** The handlers of the warehouse. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

/** Opens the warehouse's management API. */
export const KEY = 'key-of-the-warehouse';

/** Is told of each activity that begins, and may hold it. */
export class Watch {
  constructor(readonly begun: (what: string) => Promise<void>) {}
}

@Injectable()
export class Dispatches {
  constructor(private readonly watch: Watch) {}

  @Orchestrator()
  *dispatch(ctx: OrchestrationContext, order: string): Orchestration<string> {
    const { pick, load } = ctx.activities(Dispatches);
    yield* pick(order);
    return yield* load(order);
  }

  @Activity()
  async pick(order: string): Promise<void> {
    await this.watch.begun(`pick ${order}`);
  }

  @Activity()
  async load(order: string): Promise<string> {
    await this.watch.begun(`load ${order}`);
    return `lorry ${order}`;
  }
}
