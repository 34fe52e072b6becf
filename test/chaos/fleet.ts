/**
 * The worker processes of a run. Each place of the fleet has one process; when it dies, the next one is started at once.
 * `close` in an afterEach or finally: no process outlives it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import { CLOSE, type WorkerConfig, type WorkerMessage } from './worker-messages.js';

/** Compiled by test/support/compile-children.js. */
const SCRIPT = resolve(import.meta.dirname, '../../build/test/chaos/worker.js');
/** How long a clean stop may take, ms. */
const CLOSE_TIMEOUT = 20_000;
const TAKEOVERS = /(\d+) of them taken over/;

export type FleetOptions = Omit<WorkerConfig, 'name'>;

/** A worker process. Emits each {@link WorkerMessage} under its type, and `exit`. */
export class WorkerProcess extends EventEmitter {
  state: 'starting' | 'ready' | 'working' | 'gone' = 'starting';
  private readonly child: ChildProcess;

  constructor(readonly name: string, options: FleetOptions) {
    super();
    const config: WorkerConfig = { ...options, name };
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready' || message.type === 'working') this.state = message.type;
      this.emit(message.type, message);
    });
    this.child.once('exit', (code, signal) => {
      this.state = 'gone';
      this.emit('exit', code, signal);
    });
  }

  /** Resolves with the next message of this type. @throws when the process ends first */
  async next<T extends WorkerMessage['type']>(type: T): Promise<Extract<WorkerMessage, { type: T }>> {
    const ended = new AbortController();
    const end = () => ended.abort();
    this.once('exit', end);
    try {
      const [message] = (await once(this, type, { signal: ended.signal })) as [Extract<WorkerMessage, { type: T }>];
      return message;
    } catch (error) {
      throw new Error(`Worker '${this.name}' ended before its message '${type}'.`, { cause: error });
    } finally {
      this.off('exit', end);
    }
  }

  signal(signal: 'SIGKILL' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Asks the application to close; resolves with the exit code, `null` when it had to be killed. */
  async close(): Promise<number | null> {
    if (this.state === 'gone') return this.child.exitCode;
    const exited = once(this, 'exit') as Promise<[number | null]>;
    this.child.send(CLOSE);
    const timer = setTimeout(() => this.signal('SIGKILL'), CLOSE_TIMEOUT);
    const [code] = await exited;
    clearTimeout(timer);
    return code;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.state === 'gone') return;
    const exited = once(this, 'exit');
    this.signal('SIGKILL');
    await exited;
  }
}

/** Emits `working` whenever a worker begins to work, `takeover` whenever one takes partitions over from a dead one. */
export class Fleet extends EventEmitter {
  /** By place. */
  readonly workers: WorkerProcess[] = [];
  /** Partitions taken over from a worker that did not give them back. */
  takeovers = 0;
  /** Commits that the store refused. */
  refused = 0;
  /** What workers logged as errors, and workers that ended without being killed. */
  readonly errors: string[] = [];
  private started = 0;
  private closing = false;

  constructor(private readonly options: FleetOptions) {
    super();
  }

  /** Starts workers in new places, and waits until they are ready. */
  async start(count: number, special: Partial<FleetOptions> = {}): Promise<WorkerProcess[]> {
    const workers = Array.from({ length: count }, () => this.fill(this.workers.length, { ...this.options, ...special }));
    await Promise.all(workers.map((worker) => worker.next('ready')));
    return workers;
  }

  /** Workers that have begun to work. */
  get working(): WorkerProcess[] {
    return this.workers.filter(({ state }) => state === 'working');
  }

  /** Resolves when at least one worker works. */
  async whenWorking(): Promise<void> {
    while (this.working.length === 0) await once(this, 'working');
  }

  /** Resolves when a worker has taken partitions over from another. */
  async whenTakenOver(): Promise<void> {
    while (this.takeovers === 0) await once(this, 'takeover');
  }

  /** Stops all workers cleanly; answers their exit codes. */
  async stop(): Promise<(number | null)[]> {
    this.closing = true;
    return Promise.all(this.workers.map((worker) => worker.close()));
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.workers.map((worker) => worker.kill()));
  }

  private fill(place: number, options: FleetOptions): WorkerProcess {
    const worker = new WorkerProcess(`worker-${place}-${(this.started += 1)}`, options);
    this.workers[place] = worker;
    worker.on('working', () => this.emit('working'));
    worker.on('refused', () => (this.refused += 1));
    worker.on('log', ({ level, text }: Extract<WorkerMessage, { type: 'log' }>) => {
      const [, takeovers] = TAKEOVERS.exec(text) ?? [];
      if (takeovers !== undefined) {
        this.takeovers += Number(takeovers);
        this.emit('takeover');
      }
      if (level === 'error') this.errors.push(`${worker.name}: ${text}`);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (this.closing) return;
      if (signal !== 'SIGKILL') this.errors.push(`${worker.name} ended by itself: ${signal ?? `exit code ${code}`}`);
      this.fill(place, this.options);
    });
    return worker;
  }
}
