import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';

/** An orchestration that fails until the test has mended something: to be rewound. */
@Injectable()
export class Repairs {
  readonly broken = new Set<string>();

  @Activity()
  work(item: string): string {
    if (this.broken.has(item)) throw new RangeError(`${item} is broken`);
    return `${item} is mended`;
  }

  @Orchestrator()
  *repair(ctx: OrchestrationContext, item: string): Orchestration<string> {
    return yield* ctx.activities(Repairs).work(item);
  }
}
