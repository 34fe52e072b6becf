import { isFinished } from '../../../lib/core/index.js';
import type { ClientHost, NewInstance } from '../../../lib/client/host.js';
import type {
  ClientResult, InstanceHead, InstanceQuery, InstanceRow, MessageBody, OnConflict, PurgeOutcome, PurgeRequest, PurgeTarget,
} from '../../../lib/storage/store.js';

/** A host that notes what the client asks of it and answers what a test has put there. */
export class FakeHost implements ClientHost {
  readonly taskHub = 'TestHub';
  readonly maxPayloadBytes = 1_024;
  defaultVersion: string | undefined;
  insideEpisode = false;
  result: ClientResult = { kind: 'done' };
  handlers: readonly [name: string, version?: string][] = [['fulfil'], ['fulfil', '2'], ['fulfil', '3']];
  rows: InstanceRow[] = [];
  /** By execution id. */
  histories: Readonly<Record<string, Awaited<ReturnType<ClientHost['readHistory']>>>> = {};
  /** Targets of the purges by id, chunk by chunk. */
  readonly purged: string[][] = [];
  readonly started: { instance: NewInstance; onConflict: OnConflict }[] = [];
  readonly sent: { instanceId: string; body: MessageBody; allowed: readonly string[] }[] = [];
  /** What was asked for as a part of the application's own transaction. */
  readonly joined: object[] = [];
  readonly queries: InstanceQuery[] = [];
  /** What happens elsewhere while a start is written. */
  onStart = (): void => undefined;
  readonly purges: PurgeRequest[] = [];

  now(): number {
    return 0;
  }

  schedule(): () => void {
    return () => undefined;
  }

  assertOutsideEpisode(call: string): void {
    if (this.insideEpisode) throw new Error(`DurableClient.${call} was called inside an orchestrator.`);
  }

  async start(instance: NewInstance, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }> {
    this.started.push({ instance, onConflict });
    this.onStart();
    return { instanceId: instance.instanceId ?? 'generated', result: this.result };
  }

  async send(instanceId: string, body: MessageBody, allowed: readonly string[]): Promise<ClientResult> {
    this.sent.push({ instanceId, body, allowed });
    return this.result;
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<ClientResult> {
    this.sent.push({ instanceId, body: { type: 'RewindInstance', reason }, allowed: ['Failed'] });
    return this.result;
  }

  async startJoined(instance: NewInstance, onConflict: OnConflict, entityManager: object): Promise<string> {
    this.joined.push({ instance, onConflict, entityManager });
    return instance.instanceId ?? 'generated';
  }

  async sendJoined(instanceId: string, body: MessageBody, entityManager: object): Promise<void> {
    this.joined.push({ instanceId, body, entityManager });
  }

  async findOrchestrator(name: string, version?: string): ReturnType<ClientHost['findOrchestrator']> {
    const found = this.handlers.some((handler) => handler[0] === name && handler[1] === version);
    return found ? { found } : { found, known: this.handlers.map((handler) => handler[0]) };
  }

  async getInstance(instanceId: string): Promise<InstanceRow | undefined> {
    return this.rows.find((row) => row.instanceId === instanceId);
  }

  async queryInstances(query: InstanceQuery): Promise<InstanceRow[]> {
    this.queries.push(query);
    const { after } = query;
    return this.rows.filter((row) => after === undefined || row.createdAt > after.createdAt).slice(0, query.limit);
  }

  async getInstanceHeads(instanceIds: readonly string[]): Promise<InstanceHead[]> {
    return this.rows.filter((row) => instanceIds.includes(row.instanceId));
  }

  async purge(targets: readonly Omit<PurgeTarget, 'partition'>[]): Promise<PurgeOutcome[]> {
    this.purged.push(targets.map(({ instanceId }) => instanceId));
    return targets.map(({ instanceId, executionId }) => {
      const row = this.rows.find((each) => each.instanceId === instanceId && each.executionId === (executionId ?? each.executionId));
      const deleted = row !== undefined && isFinished(row.status);
      if (deleted) this.rows = this.rows.filter((each) => each !== row);
      return { deleted, status: row?.status };
    });
  }

  async purgeMatching(request: PurgeRequest): Promise<number> {
    this.purges.push(request);
    return 3;
  }

  async readHistory({ executionId }: { readonly executionId: string }): ReturnType<ClientHost['readHistory']> {
    return this.histories[executionId] ?? [];
  }

  waitUntilFinished(instanceId: string): Promise<InstanceRow | undefined> {
    return this.getInstance(instanceId);
  }

  health(): ReturnType<ClientHost['health']> {
    return { isWorker: true, partitionCount: 16, ownedPartitions: 16, parked: [] };
  }

  orchestratorNames(): ReturnType<ClientHost['orchestratorNames']> {
    return new Map([['fulfilOrder', { name: 'fulfil' }], ['fulfilOrderV2', { name: 'fulfil', version: '2' }]]);
  }
}

export function instanceRow(row: Partial<InstanceRow>): InstanceRow {
  return {
    partition: 0, instanceId: 'order-1', executionId: 'execution', name: 'fulfil', status: 'Running',
    createdAt: 1_000, updatedAt: 2_000, historyLength: 0, rowVersion: 1, ...row,
  };
}
