/**
 * What activities did to the world outside: one line in a file for each beginning and each end, written before anything
 * else happens, so that it outlives the worker that is killed a moment later.
 */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityContext } from '../../lib/index.js';
import type { Call } from './workload.js';

/** A line of the log. */
export interface Effect {
  readonly kind: 'begin' | 'end';
  /** {@link now} of the machine. */
  readonly at: number;
  /** Name of the worker process, one for each start. */
  readonly worker: string;
  /** Which task of which execution ran: `${executionId}:${taskId}`. */
  readonly task: string;
  readonly idempotencyKey: string;
  readonly attempt: number;
  readonly input: Call;
}

/** Milliseconds of a clock that all processes of the machine share and nobody sets. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Names a task; see {@link Effect.task}. */
export function taskName(executionId: string, taskId: number): string {
  return `${executionId}:${taskId}`;
}

export class Effects {
  private readonly file: number;

  /**
   * @param begun is told of each activity that begins, and may hold it
   */
  constructor(directory: string, readonly worker: string, private readonly begun: (input: Call) => void | Promise<void>) {
    this.file = openSync(join(directory, `${worker}.effects`), 'a');
  }

  async record<T>(input: Call, context: ActivityContext, run: () => Promise<T>): Promise<T> {
    this.write('begin', input, context);
    await this.begun(input);
    try {
      return await run();
    } finally {
      this.write('end', input, context);
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private write(kind: Effect['kind'], input: Call, { executionId, taskId, idempotencyKey, attempt }: ActivityContext): void {
    const effect: Effect = { kind, at: now(), worker: this.worker, task: taskName(executionId, taskId), idempotencyKey, attempt, input };
    writeSync(this.file, `${JSON.stringify(effect)}\n`);
  }
}

/** The effects of all workers that wrote to the directory, in the order of time. */
export function readEffects(directory: string): Effect[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.effects'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect)
    .sort((a, b) => a.at - b.at);
}
