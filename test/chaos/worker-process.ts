/** A worker process as its driver sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import { CLOSE, type ClientCall, type Freeze, type WorkerConfig, type WorkerMessage, type WorkerRequest } from './worker-messages.js';

/** Compiled by test/support/compile-children.js, or beside this file when that is compiled itself. */
const SCRIPT = resolve(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../build/test/chaos' : '.', 'worker.js');
/** How long a clean stop may take, ms. */
const CLOSE_TIMEOUT = 20_000;

export type FleetOptions = Omit<WorkerConfig, 'name'>;

/** Emits each {@link WorkerMessage} under its type, and `exit`. */
export class WorkerProcess extends EventEmitter {
  state: 'starting' | 'ready' | 'working' | 'gone' = 'starting';
  /** Whether somebody made it end. */
  isEnding = false;
  /** Of one that is gone: whether its application had started. */
  hasStarted = false;
  private readonly child: ChildProcess;
  private requests = 0;

  constructor(readonly name: string, options: FleetOptions) {
    super();
    // One for each open request.
    this.setMaxListeners(0);
    const config: WorkerConfig = { ...options, name };
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready' || message.type === 'working') this.state = message.type;
      this.emit(message.type, message);
    });
    this.child.once('exit', (code, signal) => {
      this.hasStarted = this.state !== 'starting';
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

  /** Lets the client of its application do something. @throws with the client's error, or when the process ends first */
  async ask(call: ClientCall): Promise<void> {
    const request = (this.requests += 1);
    return new Promise((resolve, reject) => {
      const answered = (answer: Extract<WorkerMessage, { type: 'answer' }>) => {
        if (answer.request === request) settle(answer.error);
      };
      const ended = () => settle(`Worker '${this.name}' ended before it answered.`);
      const settle = (error: string | undefined) => {
        this.off('answer', answered);
        this.off('exit', ended);
        if (error === undefined) resolve();
        else reject(new Error(error));
      };
      this.on('answer', answered);
      this.on('exit', ended);
      if (this.state === 'gone') ended();
      else this.send({ ...call, request });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Resolves when it has stopped itself in a commit. @throws when it ends first */
  async freeze(place: Freeze['place']): Promise<void> {
    const freezing = this.next('freezing');
    this.send({ freeze: place });
    await freezing;
  }

  /** @param shift of its calendar from the true time, ms */
  shiftClock(shift: number): void {
    this.send({ shiftClock: shift });
  }

  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Asks the application to close; resolves with the exit code, `null` when it had to be killed. */
  async close(): Promise<number | null> {
    if (this.state === 'gone') return this.child.exitCode;
    const [code] = await this.end(() => this.send(CLOSE));
    return code;
  }

  /** SIGTERM, as a deployment sends it; resolves with the signal that ended the process: SIGTERM after a clean stop. */
  async terminate(): Promise<string | null> {
    if (this.state === 'gone') return this.child.signalCode;
    const [, signal] = await this.end(() => this.signal('SIGTERM'));
    return signal;
  }

  /** SIGKILL; resolves when the process is gone, with the signal that ended it. */
  async kill(): Promise<string | null> {
    if (this.state === 'gone') return this.child.signalCode;
    const [, signal] = await this.end(() => this.signal('SIGKILL'));
    return signal;
  }

  /** A process that is about to die may have closed its ears already: that it has died is told by its `exit`. */
  private send(request: WorkerRequest): void {
    this.child.send(request, () => undefined);
  }

  private async end(begin: () => void): Promise<[code: number | null, signal: string | null]> {
    this.isEnding = true;
    const exited = once(this, 'exit') as Promise<[number | null, string | null]>;
    begin();
    const timer = setTimeout(() => this.signal('SIGKILL'), CLOSE_TIMEOUT);
    const answer = await exited;
    clearTimeout(timer);
    return answer;
  }
}
