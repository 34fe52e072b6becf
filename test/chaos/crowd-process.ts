/** A process of crowd-worker.ts as its driver sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { CrowdMessage, CrowdRequest, CrowdWorkerConfig } from './crowd-messages.js';

/** Compiled by test/support/compile-children.js. */
const SCRIPT = resolve(import.meta.dirname, '../../build/test/chaos/crowd-worker.js');

export interface CrowdProcessOptions {
  /** MiB of JavaScript objects that it may have: with more it dies. */
  readonly maxHeap: number;
}

export class CrowdProcess {
  /** What it logged as warnings and errors. */
  readonly complaints: string[] = [];
  /** What of its code has begun that does not end. */
  readonly hanging = new Set<'activity' | 'operation'>();
  private readonly child: ChildProcess;
  private readonly exited: Promise<string>;

  private constructor(config: CrowdWorkerConfig, { maxHeap }: CrowdProcessOptions) {
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [`--max-old-space-size=${maxHeap}`] });
    this.child.on('message', (message: CrowdMessage) => {
      if (message.type === 'log' && message.level !== 'log') this.complaints.push(`${message.level}: ${message.text}`);
    });
    this.child.on('message', (message: CrowdMessage) => {
      if (message.type === 'hangs') this.hanging.add(message.what);
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => (code === 0 ? 'ended' : `ended with ${String(signal ?? code)}`));
  }

  static async start(config: CrowdWorkerConfig, options: CrowdProcessOptions): Promise<CrowdProcess> {
    const process = new CrowdProcess(config, options);
    await process.next('ready');
    return process;
  }

  /** Resolves when it has begun, or has done it. */
  async ask(request: CrowdRequest, until: 'begun' | 'done' = 'done'): Promise<void> {
    const next = this.next(until);
    this.child.send(request);
    await next;
  }

  /** What the work answers, unless the process dies first. */
  async outlives<T>(work: Promise<T>): Promise<T> {
    const dead = this.exited.then((how) => Promise.reject(new Error(`The worker ${how}. ${this.complaints.join('\n')}`)));
    return Promise.race([work, dead]);
  }

  /** The most memory that the process has had, MiB, all included; on Linux only. */
  get peak(): number | undefined {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8')) ?? [];
      return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_024);
    } catch {
      return undefined;
    }
  }

  /** Asks it to end; answers how it ended: `ended`, when nothing kept it. */
  async close(): Promise<string> {
    if (this.child.connected) this.child.send({ type: 'close' } satisfies CrowdRequest, () => undefined);
    return this.exited;
  }

  /** Sends it these signals, one after the other; answers how it ended. */
  async signal(...signals: NodeJS.Signals[]): Promise<string> {
    for (const signal of signals) this.child.kill(signal);
    return this.exited;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private async next(type: CrowdMessage['type']): Promise<void> {
    const told = new Promise<void>((tell) => {
      const listen = (message: CrowdMessage) => {
        if (message.type !== type) return;
        this.child.off('message', listen);
        tell();
      };
      this.child.on('message', listen);
    });
    await this.outlives(told);
  }
}
