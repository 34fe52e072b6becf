/** The handlers of the poison test: two that end their process, and what is to survive beside them. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, TaskFailedError, type FailureDetails, type Orchestration, type OrchestrationContext } from '../../lib/index.js';

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
    process.exit(EXIT_CODE);
  }

  @Activity()
  double(value: number): number {
    return value * 2;
  }

  @Orchestrator()
  *callsExit(ctx: OrchestrationContext): Orchestration<FailureDetails | undefined> {
    try {
      yield* ctx.activities(Killers).exits(undefined, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 3 } });
      return undefined;
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      return error.failureDetails;
    }
  }

  @Orchestrator()
  *quadruples(ctx: OrchestrationContext, value: number): Orchestration<number> {
    const { double } = ctx.activities(Killers);
    return yield* double(yield* double(value));
  }
}

export const EXIT_CODE = 3;
