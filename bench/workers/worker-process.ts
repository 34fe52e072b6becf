/** A process of worker.ts as its parent sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Call, WorkerCalls, WorkerConfig, WorkerMessage, WorkerRequest } from './worker-messages.js';

/** Compiled beside this file. */
const SCRIPT = resolve(import.meta.dirname, 'worker.js');

export class WorkerProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown[]>;

  private constructor(config: WorkerConfig) {
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.exited = once(this.child, 'exit');
  }

  static async start(config: WorkerConfig): Promise<WorkerProcess> {
    const worker = new WorkerProcess(config);
    await worker.nextAnswer();
    return worker;
  }

  /** @throws what the worker has thrown, or when it ends first */
  async ask<C extends Call>(call: C, ...[argument]: Parameters<WorkerCalls[C]>): Promise<Awaited<ReturnType<WorkerCalls[C]>>> {
    const answer = this.nextAnswer();
    this.child.send({ call, argument } satisfies WorkerRequest<C>);
    return (await answer) as Awaited<ReturnType<WorkerCalls[C]>>;
  }

  /** Stops the application cleanly, and with it the process. */
  async close(): Promise<void> {
    try {
      await this.ask('close');
      this.child.disconnect();
    } catch (error) {
      this.child.kill('SIGKILL');
      throw error;
    } finally {
      await this.exited;
    }
  }

  private async nextAnswer(): Promise<unknown> {
    const ended = this.exited.then(([code, signal]) => Promise.reject(new Error(`A worker process of the bench ended by itself: ${String(signal ?? code)}.`)));
    const [message] = (await Promise.race([once(this.child, 'message'), ended])) as [WorkerMessage];
    if (message.type === 'failed') throw new Error(`A worker process of the bench failed: ${message.text}`);
    return message.type === 'answer' ? message.value : undefined;
  }
}
