import { Injectable, type INestApplicationContext } from '@nestjs/common';
import {
  DurableClient, Orchestrator, TaskFailedError, type FailureDetails, type Orchestration, type OrchestrationContext, type RetryOptions,
} from 'nestjs-durable';

export interface Call {
  readonly name: string;
  readonly input?: unknown;
  readonly retry?: RetryOptions;
}

/** What an orchestrator got of an activity. */
export interface Outcome {
  readonly result?: unknown;
  readonly failure?: FailureDetails;
}

/** An orchestrator that calls one activity and tells what came of it. */
@Injectable()
export class Caller {
  @Orchestrator()
  *calls(ctx: OrchestrationContext, { name, input, retry }: Call): Orchestration<Outcome> {
    try {
      return { result: yield* ctx.callActivity(name, input, { retry }) };
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      return { failure: error.failureDetails };
    }
  }
}

/** Two attempts, the second at once. */
export const TWICE: RetryOptions = { firstRetryInterval: 1, maxNumberOfAttempts: 2 };

/** Calls an activity of an application that provides {@link Caller}. */
export async function callActivity(app: INestApplicationContext, name: string, input?: unknown, retry?: RetryOptions): Promise<Outcome> {
  const client = app.get(DurableClient, { strict: false });
  const id = await client.orchestrators(Caller).calls({ name, input, retry });
  const { runtimeStatus, output } = await client.waitForCompletion(id);
  expect(runtimeStatus).toBe('Completed');
  return output as Outcome;
}
