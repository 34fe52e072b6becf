import { isFinished } from '../../../lib/core/index.js';
import type { ClientHost, NewInstance } from '../../../lib/client/host.js';
import type {
  ClientResult, EntityMessageBody, EntityQuery, EntityRow, InstanceHead, InstanceQuery, InstanceRow, MessageBody, OnConflict, PurgeOutcome, PurgeRequest,
  PurgeTarget,
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
  /** In the order of their ids. */
  entities: EntityRow[] = [];
  /** By execution id. */
  histories: Readonly<Record<string, Awaited<ReturnType<ClientHost['readHistory']>>>> = {};
  /** Targets of the purges by id, chunk by chunk. */
  readonly purged: string[][] = [];
  readonly started: { instance: NewInstance; onConflict: OnConflict }[] = [];
  readonly sent: { instanceId: string; body: MessageBody; allowed: readonly string[] }[] = [];
  readonly signals: { entityId: string; body: EntityMessageBody }[] = [];
  readonly entityQueries: EntityQuery[] = [];
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
    if (this.insideEpisode) throw new Error(`DurableClient.${call} was called inside the orchestrator 'fulfil'.`);
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

  async signal(entityId: string, body: EntityMessageBody): Promise<void> {
    this.signals.push({ entityId, body });
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

  async getEntity(entityId: string): Promise<EntityRow | undefined> {
    return this.entities.find(({ instanceId }) => instanceId === entityId);
  }

  async queryEntities(query: EntityQuery): Promise<EntityRow[]> {
    this.entityQueries.push(query);
    const { which, after = '', fetchState, limit } = query;
    return this.entities
      .filter(({ state, lock }) => (which === 'existing' ? state !== undefined : state === undefined || lock !== undefined))
      .filter(({ instanceId }) => instanceId > after)
      .slice(0, limit)
      .map(({ state, ...row }) => (fetchState ? { ...row, state } : row));
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

  waitUntilFinished(instanceId: string, _timeout: number | undefined): Promise<InstanceRow | undefined> {
    return this.getInstance(instanceId);
  }

  health(): ReturnType<ClientHost['health']> {
    return { status: 'up', problems: [], isWorker: true, partitionCount: 16, ownedPartitions: 16, parked: [] };
  }

  metrics(): ReturnType<ClientHost['metrics']> {
    throw new Error('This host has no engine that counts.');
  }

  orchestratorNames(): ReturnType<ClientHost['orchestratorNames']> {
    return new Map([['fulfilOrder', { name: 'fulfil' }], ['fulfilOrderV2', { name: 'fulfil', version: '2' }]]);
  }

  entityOf(): ReturnType<ClientHost['entityOf']> {
    return { name: 'counter', operations: new Set(['add', 'reset']) };
  }
}

export function instanceRow(row: Partial<InstanceRow>): InstanceRow {
  return {
    partition: 0, instanceId: 'order-1', executionId: 'execution', name: 'fulfil', status: 'Running',
    createdAt: 1_000, updatedAt: 2_000, historyLength: 0, rowVersion: 1, ...row,
  };
}

export function entityRow(row: Partial<EntityRow>): EntityRow {
  return { partition: 0, instanceId: '@counter@a', updatedAt: 3_000, rowVersion: 1, ...row };
}
