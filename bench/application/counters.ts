/** Entities that count, and orchestrations that call them. */
import { Injectable } from '@nestjs/common';
import { Entity, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

@Entity()
@Injectable()
export class Counter extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  add(amount: number): number {
    return (this.state += amount);
  }
}

interface Counting {
  readonly key: string;
  readonly calls: number;
}

@Injectable()
export class Callers {
  /** Calls one counter, one call after the other. */
  @Orchestrator()
  *count(ctx: OrchestrationContext, { key, calls }: Counting): Orchestration<void> {
    const { add } = ctx.entity(Counter, key);
    for (let call = 0; call < calls; call += 1) yield* add(1);
  }
}
