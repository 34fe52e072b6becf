import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { Gates } from '../support/gates.js';

/** What processes do: work that waits at the gate 'work', and waiting for an event 'go'. */
@Injectable()
export class Work {
  readonly worked: number[] = [];

  constructor(private readonly gates: Gates) {}

  @Activity()
  async work(item: number): Promise<number> {
    this.worked.push(item);
    await this.gates.pass('work');
    return item;
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('go');
  }
}
