/**
 * What activities and operations did in the world outside: one line in a file for each beginning and each end, written before anything
 * else happens, so that it outlives the worker that is killed a moment later.
 */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityContext } from '../../lib/index.js';
import type { Call } from './workload.js';

/** What ran. */
interface Work {
  /** Which task of which execution: `${executionId}:${taskId}`; of an entity: which operation. */
  readonly task: string;
  readonly idempotencyKey: string;
  readonly attempt: number;
  readonly input: Call;
}

/** A line of the log. */
export interface Effect extends Work {
  readonly kind: 'begin' | 'end';
  /** {@link now} of the machine. */
  readonly at: number;
  /** Name of the worker process, one for each start. */
  readonly worker: string;
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

  record<T>(input: Call, { executionId, taskId, idempotencyKey, attempt }: ActivityContext, run: () => Promise<T>): Promise<T> {
    return this.surround({ task: taskName(executionId, taskId), idempotencyKey, attempt, input }, run);
  }

  /** An operation of an entity, which its input names. */
  recordOperation<T>(input: Call, run: () => Promise<T>): Promise<T> {
    return this.surround({ task: input.call, idempotencyKey: input.call, attempt: 1, input }, run);
  }

  close(): void {
    closeSync(this.file);
  }

  private async surround<T>(work: Work, run: () => Promise<T>): Promise<T> {
    this.write('begin', work);
    await this.begun(work.input);
    try {
      return await run();
    } finally {
      this.write('end', work);
    }
  }

  private write(kind: Effect['kind'], work: Work): void {
    const effect: Effect = { kind, at: now(), worker: this.worker, ...work };
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
