import type { ClientHost, NewInstance } from '../../../lib/client/host.js';
import type { ClientResult, InstanceQuery, InstanceRow, MessageBody, OnConflict } from '../../../lib/storage/store.js';

/** A host that notes what the client asks of it and answers what a test has put there. */
export class FakeHost implements ClientHost {
  readonly taskHub = 'TestHub';
  readonly maxPayloadBytes = 1_024;
  defaultVersion: string | undefined;
  insideEpisode = false;
  result: ClientResult = { kind: 'done' };
  handlers: readonly [name: string, version?: string][] = [['fulfil']];
  rows: InstanceRow[] = [];
  history: Awaited<ReturnType<ClientHost['readHistory']>> = [];
  readonly started: { instance: NewInstance; onConflict: OnConflict }[] = [];
  readonly sent: { instanceId: string; body: MessageBody; allowed: readonly string[] }[] = [];
  readonly queries: InstanceQuery[] = [];

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
    return { instanceId: instance.instanceId ?? 'generated', result: this.result };
  }

  async send(instanceId: string, body: MessageBody, allowed: readonly string[]): Promise<ClientResult> {
    this.sent.push({ instanceId, body, allowed });
    return this.result;
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

  async readHistory(): ReturnType<ClientHost['readHistory']> {
    return this.history;
  }

  waitUntilFinished(instanceId: string): Promise<InstanceRow | undefined> {
    return this.getInstance(instanceId);
  }

  orchestratorNames(): ReadonlyMap<string, string> {
    return new Map([['fulfilOrder', 'fulfil']]);
  }
}

export function instanceRow(row: Partial<InstanceRow>): InstanceRow {
  return {
    partition: 0, instanceId: 'order-1', executionId: 'execution', name: 'fulfil', status: 'Running',
    createdAt: 1_000, updatedAt: 2_000, historyLength: 0, rowVersion: 1, ...row,
  };
}
