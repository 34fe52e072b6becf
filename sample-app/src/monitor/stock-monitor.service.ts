import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { Catalogue } from '../shop/catalogue.js';

export interface Watch {
  readonly threshold: number;
  readonly intervalSeconds: number;
  /** Counts the rounds of this monitor. */
  readonly round: number;
}

/** Looks at the stock again and again, for as long as the shop exists. */
@Injectable()
export class StockMonitor {
  /**
   * An eternal orchestration: each round ends with continueAsNew, which empties the history. The event `stop`, kept until
   * a round waits for it, ends the last one.
   */
  @Orchestrator({ name: 'stockMonitor' })
  *watch(ctx: OrchestrationContext, watch: Watch): Orchestration<{ rounds: number }> {
    const low = yield* ctx.activities(Catalogue).lowStock(watch.threshold);
    ctx.setCustomStatus({ round: watch.round, checkedAt: ctx.currentUtcDateTime, low });

    const stop = yield* ctx.waitForExternalEvent<boolean>('stop', { timeout: watch.intervalSeconds * 1_000, default: false });
    if (!stop) ctx.continueAsNew({ ...watch, round: watch.round + 1 } satisfies Watch);
    return { rounds: watch.round };
  }
}
