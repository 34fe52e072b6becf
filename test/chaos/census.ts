/** One wide fan-out, which tells who ran how much of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Effects } from './effects.js';
import { list } from './plan.js';
import type { Call } from './workload.js';

export interface CensusInput {
  /** Activities. */
  readonly count: number;
  /** How long each of them takes, ms. */
  readonly duration: number;
}

interface Visit {
  readonly call: string;
  /** Name of the process. */
  readonly worker: string;
}

/** Activities that each process ran, by its name. */
export type Shares = Readonly<Record<string, number>>;

export function visitCalls({ count }: CensusInput): string[] {
  return list(count, (index) => `visit${index}`);
}

@Injectable()
export class Census {
  constructor(private readonly effects: Effects) {}

  @Activity()
  visit(input: Call, context: ActivityContext): Promise<Visit> {
    return this.effects.record(input, context, async () => {
      await delay(input.duration);
      return { call: input.call, worker: this.effects.worker };
    });
  }

  @Orchestrator()
  *census(ctx: OrchestrationContext, input: CensusInput): Orchestration<Shares> {
    const { visit } = ctx.activities(Census);
    const calls = visitCalls(input);
    const visits = yield* ctx.all(calls.map((call) => visit({ call, duration: input.duration })));
    const shares: Record<string, number> = {};
    visits.forEach(({ call, worker }, index) => {
      if (call !== calls[index]) throw new Error(`Result ${index} is that of ${call} [O5].`);
      shares[worker] = (shares[worker] ?? 0) + 1;
    });
    return shares;
  }
}
