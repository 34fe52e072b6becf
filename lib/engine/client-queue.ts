/**
 * The commit queue of this process's client calls: merged, in order, fenced by the process's own worker row, so that a
 * call whose answer was lost is resolved and never repeated. Keys and ids are fixed before the first attempt.
 */
import { ModuleStoppedError, UnresolvedCallError } from '../core/client-errors.js';
import { voidNo, type ClientOperation, type ClientResult, type CommitOutcome, type DurableStore, type InboxMessage, type InstanceRow, type WorkerInfo } from '../storage/store.js';
import { FenceLostError, OutcomeUnknownError } from '../storage/errors.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { MergeQueue } from './merge-queue.js';
import type { MessageKeys } from './message-keys.js';
import type { ClientCounts } from './metrics.js';
import type { SentMessages } from './sent-messages.js';
import type { StoreHealth } from './store-health.js';

export interface ClientQueuePort {
  readonly store: Pick<DurableStore, 'applyClientBatch' | 'resolveClientBatch'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly keys: MessageKeys;
  readonly metrics: ClientCounts;
  readonly sent: SentMessages;
  worker(): WorkerInfo;
  /** Registers this process anew, unless that has happened: its row was taken away because it looked dead. */
  register(gone: WorkerInfo): Promise<void>;
  /** Hands a committed message to its partition, if that is this process's. @param row that was committed with it */
  deliver(message: InboxMessage, row?: InstanceRow): void;
}

interface PendingCall {
  readonly operation: ClientOperation;
  resolve(result: ClientResult): void;
  reject(error: unknown): void;
}

const LIMITS = { maxItems: 200, maxWeight: 1024 * 1024 };

export class ClientQueue {
  private commitNo = 0;
  private registeredAs: string | undefined;
  private stopped = false;
  private refusal: Error | undefined;
  private readonly queue: MergeQueue<PendingCall>;

  constructor(private readonly port: ClientQueuePort) {
    this.queue = new MergeQueue((batch) => this.write(batch), LIMITS);
  }

  /** Resolves when the operation is durable or was refused; by then its message is with its partition, if that is this process's. */
  apply(operation: ClientOperation, weight: number): Promise<ClientResult> {
    return new Promise((resolve, reject) => {
      this.assertOpen();
      this.port.sent.sent(messagesOf(operation));
      this.queue.submit({ operation, resolve, reject }, 300 + weight);
    });
  }

  /** @throws {ModuleStoppedError} after the stop, or the reason for which calls are refused */
  assertOpen(): void {
    if (this.stopped) throw new ModuleStoppedError('no more calls are taken.');
    if (this.refusal) throw this.refusal;
  }

  /** Takes no calls any more; those that were taken are still carried out. */
  refuse(reason: Error): void {
    this.refusal = reason;
  }

  whenIdle(): Promise<void> {
    return this.queue.whenIdle();
  }

  stop(): void {
    this.stopped = true;
  }

  private async write(batch: PendingCall[]): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    let last: unknown;
    while (!this.stopped) {
      let results: readonly ClientResult[];
      try {
        results = await this.attempt(batch);
      } catch (error) {
        const isTransient = this.port.health.isTransient(error);
        if (!isTransient && !(error instanceof FenceLostError)) return this.refused(batch, error);
        if (isTransient) this.port.health.failed(error);
        last = error;
        await backoff.wait();
        continue;
      }
      this.port.health.reached();
      this.port.metrics.commits += 1;
      this.port.metrics.operations += batch.length;
      batch.forEach((call, index) => this.succeed(call, results[index]!));
      return;
    }
    const stopped = new ModuleStoppedError('this call was not carried out before.', { cause: last });
    for (const call of batch) this.fail(call, stopped);
  }

  /** One call that the database does not take must not hold up the rest. */
  private async refused(batch: readonly PendingCall[], error: unknown): Promise<void> {
    if (batch.length === 1 || error instanceof UnresolvedCallError) for (const call of batch) this.fail(call, error);
    else for (const call of batch) await this.write([call]);
  }

  private succeed(call: PendingCall, result: ClientResult): void {
    const { operation } = call;
    const left = this.port.sent.answered(messagesOf(operation));
    for (const message of left) if (message === writtenBy(operation, result)) this.port.deliver(message, rowOf(result));
    call.resolve(result);
  }

  private fail(call: PendingCall, error: unknown): void {
    this.port.sent.answered(messagesOf(call.operation));
    call.reject(error);
  }

  private async attempt(batch: readonly PendingCall[]): Promise<readonly ClientResult[]> {
    const { store, keys } = this.port;
    const worker = this.port.worker();
    if (this.registeredAs !== worker.incarnation) {
      this.registeredAs = worker.incarnation;
      this.commitNo = 0;
    }
    const commitNo = this.commitNo + 1;
    try {
      const operations = batch.map(({ operation }) => operation);
      const results = await store.applyClientBatch(worker, { operations, previousCommitNo: this.commitNo, commitNo, lastKey: keys.last });
      this.commitNo = commitNo;
      return results;
    } catch (error) {
      if (error instanceof FenceLostError) await this.port.register(worker);
      if (!(error instanceof OutcomeUnknownError)) throw error;
      return this.resolve(worker, commitNo, error);
    }
  }

  /** The answer to COMMIT was lost: the worker's row tells; the results were known before. */
  private async resolve(worker: WorkerInfo, commitNo: number, error: OutcomeUnknownError): Promise<readonly ClientResult[]> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    for (;;) {
      try {
        const outcome = await this.port.store.resolveClientBatch(worker, commitNo);
        if (outcome === 'lost') await this.port.register(worker);
        else this.port.health.reached();
        return this.take(outcome, commitNo, error);
      } catch (failure) {
        if (!this.port.health.isTransient(failure) || failure === error) throw failure;
        if (this.stopped) throw new UnresolvedCallError('the module has stopped before it could be found out', { cause: error });
        this.port.health.failed(failure);
        await backoff.wait();
      }
    }
  }

  private take(outcome: CommitOutcome, commitNo: number, error: OutcomeUnknownError): readonly ClientResult[] {
    if (outcome === 'lost') throw new UnresolvedCallError("for so long that this process's registration has been removed", { cause: error });
    this.commitNo = outcome === 'committed' ? commitNo : voidNo(commitNo);
    if (outcome === 'not-committed') throw error;
    return error.result as readonly ClientResult[];
  }
}

function messagesOf(operation: ClientOperation): InboxMessage[] {
  return operation.kind === 'start' && operation.replaceMessage ? [operation.message, operation.replaceMessage] : [operation.message];
}

function rowOf(result: ClientResult): InstanceRow | undefined {
  return result.kind === 'done' ? result.row : undefined;
}

function writtenBy(operation: ClientOperation, { kind }: ClientResult): InboxMessage | undefined {
  if (kind === 'replacing') return operation.kind === 'start' ? operation.replaceMessage : undefined;
  return kind === 'done' ? operation.message : undefined;
}
