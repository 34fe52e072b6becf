import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { ActivityContext } from 'nestjs-durable';
import { AppConfig } from './app-config.js';

/** Stands for the time that other services take. Its lines in the log show which activities ran, and which ran again. */
@Injectable()
export class SimulatedWork {
  constructor(private readonly config: AppConfig) {}

  /** Ends early, with an AbortError, when nobody wants the result any more. */
  async perform(what: string, ctx: ActivityContext): Promise<void> {
    ctx.log.log(`begin ${what} [${ctx.instanceId}, attempt ${ctx.attempt}, idempotency key ${ctx.idempotencyKey}]`);
    await pause(this.config.stepDelay, undefined, { signal: ctx.signal });
    ctx.log.log(`end   ${what} [${ctx.instanceId}]`);
  }
}
