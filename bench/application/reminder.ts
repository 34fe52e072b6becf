/** An orchestration with a history behind it that makes one more step for each event. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Shapes } from './shapes.js';

/** Tells the process that an activity has begun. */
@Injectable()
export class Bell {
  private ringing: (() => void) | undefined;

  /** Resolves at the next ring. */
  next(): Promise<void> {
    return new Promise((ringing) => (this.ringing = ringing));
  }

  ring(): void {
    this.ringing?.();
  }
}

@Injectable()
export class Reminder {
  constructor(private readonly bell: Bell) {}

  @Activity()
  async ring(): Promise<void> {
    this.bell.ring();
  }

  /** Activities in sequence first, then one for each event `next`, for ever. */
  @Orchestrator()
  *remind(ctx: OrchestrationContext, stepsBefore: number): Orchestration<void> {
    const { echo } = ctx.activities(Shapes);
    const { ring } = ctx.activities(Reminder);
    for (let step = 0; step < stepsBefore; step += 1) yield* echo(step);
    for (;;) {
      yield* ctx.waitForExternalEvent('next');
      yield* ring();
    }
  }
}
