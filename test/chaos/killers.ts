/** The handlers of the poison test: three that end their process, and what is to survive beside them. */
import { Injectable } from '@nestjs/common';
import {
  Activity, Entity, EntityId, Orchestrator, TaskFailedError, type DurableTask, type EntityContext, type FailureDetails, type Orchestration,
  type OrchestrationContext,
} from '../../lib/index.js';

/** How the processes end that an activity or an operation of an entity ends. */
export const EXIT_CODES = { activity: 3, entity: 4 } as const;

@Injectable()
export class Killers {
  /** As an operating system that is out of memory does. */
  @Orchestrator()
  *killsItsWorker(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.createTimer(1);
    process.kill(process.pid, 'SIGKILL');
  }

  @Activity()
  exits(): Promise<void> {
    process.exit(EXIT_CODES.activity);
  }

  /** Counts its operations. */
  @Entity()
  bomb(ctx: EntityContext<number>): void {
    if (ctx.operationName === 'explode') process.exit(EXIT_CODES.entity);
    const count = ctx.getState(() => 0) + 1;
    ctx.setState(count);
    ctx.return(count);
  }

  @Activity()
  double(value: number): number {
    return value * 2;
  }

  @Orchestrator()
  *callsExit(ctx: OrchestrationContext): Orchestration<FailureDetails | undefined> {
    return yield* failureOf(ctx.activities(Killers).exits(undefined, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 3 } }));
  }

  @Orchestrator()
  *callsBomb(ctx: OrchestrationContext): Orchestration<{ failure: FailureDetails | undefined; count: number }> {
    const bomb = new EntityId('bomb', 'dropped');
    yield* ctx.callEntity(bomb, 'tick');
    const failure = yield* failureOf(ctx.callEntity(bomb, 'explode'));
    return { failure, count: yield* ctx.callEntity<number>(bomb, 'tick') };
  }

  @Orchestrator()
  *quadruples(ctx: OrchestrationContext, value: number): Orchestration<number> {
    const { double } = ctx.activities(Killers);
    yield* ctx.callEntity(new EntityId('bomb', `of ${value}`), 'tick');
    return yield* double(yield* double(value));
  }
}

function* failureOf(task: DurableTask<unknown>): Orchestration<FailureDetails | undefined> {
  try {
    yield* task;
    return undefined;
  } catch (error) {
    if (!(error instanceof TaskFailedError)) throw error;
    return error.failureDetails;
  }
}
