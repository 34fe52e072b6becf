/**
 * The worker processes of a run. Each place of the fleet has one process; when it dies, the next one is started at once.
 * `close` in an afterEach or finally: no process outlives it.
 */
import { EventEmitter, once } from 'node:events';
import type { Stop } from './checker/check-effects.js';
import type { WorkerMessage } from './worker-messages.js';
import { WorkerProcess, type FleetOptions } from './worker-process.js';

const TAKEOVERS = /(\d+) of them taken over/;
const REACHABLE = 'the database is reachable again';

/** Emits `working` whenever a worker begins to work, `takeover` whenever one takes partitions over from a dead one, `complaint` with each error that is logged. */
export class Fleet extends EventEmitter {
  /** By place. */
  readonly workers: WorkerProcess[] = [];
  /** Partitions taken over from a worker that did not give them back. */
  takeovers = 0;
  /** Commits that the store refused. */
  refused = 0;
  /** What came of commits, by its name. */
  readonly commits = { FenceLostError: 0, StaleMemberError: 0, unanswered: 0, committed: 0, 'not-committed': 0, lost: 0 };
  /** How often a worker found the database again after it had lost it. */
  reconnected = 0;
  /** Those of the errors that are ends of workers before their application had started. */
  readonly failedStarts = new Set<string>();
  /** What workers logged as errors, and workers that ended without being killed. */
  readonly errors: string[] = [];
  /** Workers that were stopped for a while. */
  readonly stops: Stop[] = [];
  private started = 0;
  private closing = false;

  /** @param ofPlace what is different in a place, for all its processes */
  constructor(private readonly options: FleetOptions, private readonly ofPlace: (place: number) => Partial<FleetOptions> = () => ({})) {
    super();
    // Each call that is held up waits for a worker.
    this.setMaxListeners(0);
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

  /** Stops the worker of a place cleanly and resolves when its successor works; answers the signal that ended it. */
  async restart(place: number): Promise<string | null> {
    const signal = await this.workers[place]!.terminate();
    await this.workers[place]!.next('working');
    return signal;
  }

  /** Stops all workers cleanly; answers their exit codes. */
  async stop(): Promise<(number | null)[]> {
    this.closing = true;
    return Promise.all(this.workers.map((worker) => worker.close()));
  }

  /** Ends all workers by a signal, for good; answers the signals that ended them. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<(string | null)[]> {
    this.closing = true;
    return Promise.all(this.workers.map((worker) => (signal === 'SIGTERM' ? worker.terminate() : worker.kill())));
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    await this.end('SIGKILL');
  }

  private fill(place: number, options: FleetOptions): WorkerProcess {
    const release = options.release === undefined ? '' : `v${options.release}-`;
    const worker = new WorkerProcess(`${release}worker-${place}-${(this.started += 1)}`, { ...options, ...this.ofPlace(place) });
    this.workers[place] = worker;
    worker.on('working', () => this.emit('working'));
    worker.on('refused', ({ reason }: Extract<WorkerMessage, { type: 'refused' }>) => {
      this.refused += 1;
      this.commits[reason] += 1;
    });
    worker.on('unanswered', () => (this.commits.unanswered += 1));
    worker.on('resolved', ({ outcomes }: Extract<WorkerMessage, { type: 'resolved' }>) => {
      for (const outcome of outcomes) this.commits[outcome] += 1;
    });
    worker.on('log', ({ level, text }: Extract<WorkerMessage, { type: 'log' }>) => {
      const [, takeovers] = TAKEOVERS.exec(text) ?? [];
      if (takeovers !== undefined) {
        this.takeovers += Number(takeovers);
        this.emit('takeover');
      }
      if (text.includes(REACHABLE)) this.reconnected += 1;
      if (level !== 'error') return;
      this.errors.push(`${worker.name}: ${text}`);
      this.emit('complaint', `${worker.name}: ${text}`);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (this.closing) return;
      if (!worker.isEnding) {
        const error = `${worker.name} ended by itself: ${signal ?? `exit code ${code}`}`;
        this.errors.push(error);
        if (!worker.hasStarted) this.failedStarts.add(error);
      }
      this.fill(place, this.options);
    });
    return worker;
  }
}
