/** What the actions of an orchestration on entities become in its checkpoint. */
import type { OrchestrationContext } from '../../../lib/core/index.js';
import { EntityId, partitionOf } from '../../../lib/core/index.js';
import type { HistoryEvent, InputEvent } from '../../../lib/core/history.js';
import { InstanceSlot } from '../../../lib/engine/instance-slot.js';
import { replaySession, rewoundSession } from '../../../lib/engine/sessions.js';
import { DEFAULT_SETTINGS } from '../../../lib/engine/settings.js';
import { takeTurn, type TurnContext, type WrittenTurn } from '../../../lib/engine/turn.js';
import type { InboxMessage, InstanceRow } from '../../../lib/storage/store.js';
import { TestLog } from './support/test-log.js';
import { eventMessage, testPartition } from './support/test-partition.js';

type Code = (ctx: OrchestrationContext) => unknown;

const [a, b] = ['a', 'b'].map((key) => new EntityId('account', key)) as [EntityId, EntityId];
const holder = (taskId: number) => ({ instanceId: 'transfer', executionId: 'e', taskId });
const event = (key: number, input: InputEvent): InboxMessage => ({ ...eventMessage(key, 'transfer'), body: { type: 'Deliver', executionId: 'e', event: input } });
const grants = [event(2, { type: 'EntityLockGranted', taskId: 0 }), event(3, { type: 'EntityLockGranted', taskId: 1 })];
const terminate = event(9, { type: 'ExecutionTerminated' });

function contextOf(code: Code | undefined): TurnContext {
  return {
    handlers: {
      findOrchestrator: () => code && { name: 'transfer', handler: code, source: 'Bank.transfer' },
      findActivity: () => undefined,
      findEntity: () => undefined,
      list: () => ({ orchestrators: [], activities: [], entities: [] }),
      namesOf: () => new Map(),
      entityOf: () => ({ name: 'account', operations: new Set() }),
    },
    settings: DEFAULT_SETTINGS,
    log: new TestLog(),
    partitionCount: () => 4,
    now: () => 1_000,
    newExecutionId: () => 'next',
    isOrchestratorKnown: () => true,
    reserveActivity: () => undefined,
  };
}

/** An instance whose messages are taken up one turn after the other, by this worker or, as of some turn, by others. */
class Instance {
  readonly slot = new InstanceSlot(testPartition(), 'transfer');
  readonly history: HistoryEvent[] = [];

  constructor(private code: Code | undefined) {
    this.slot.row = {
      partition: 0, instanceId: 'transfer', executionId: 'e', name: 'transfer', status: 'Pending', createdAt: 0, updatedAt: 0, historyLength: 0, rowVersion: 1,
    };
    this.take({ ...eventMessage(1, 'transfer'), body: { type: 'StartInstance' } });
  }

  last!: WrittenTurn;

  take(...messages: InboxMessage[]): this {
    this.slot.queue = messages.map((message) => ({ kind: 'message', message }));
    const turn = takeTurn(this.slot, contextOf(this.code));
    if (turn.kind !== 'checkpoint') throw new Error(`The turn had ${turn.kind}.`);
    this.last = turn;
    this.slot.row = turn.row;
    this.slot.session = turn.session;
    this.history.push(...turn.checkpoint.history.flatMap(({ executionId, events }) => (executionId === 'e' ? events : [])));
    return this;
  }

  /** Another worker goes on with it, by its history. */
  async moveTo(code: Code | undefined, poison?: InstanceSlot['poison']): Promise<this> {
    this.code = code;
    this.slot.poison = poison;
    this.slot.session = await replaySession(this.slot.row!, this.history, contextOf(code), poison);
    return this;
  }

  async rewind(): Promise<this> {
    const row: InstanceRow = { ...this.slot.row!, status: 'Running' };
    this.slot.row = row;
    this.slot.session = await rewoundSession(row, this.history, contextOf(this.code));
    return this.take({ ...eventMessage(50, 'transfer'), body: { type: 'RewindInstance' } });
  }

  /** What goes to entities, in the order of the keys. */
  get sent(): [entityId: string, body: object][] {
    return this.last.checkpoint.messages.toSorted((x, y) => x.key - y.key).flatMap(({ instanceId, body }) => (instanceId.startsWith('@') ? [[instanceId, body] as [string, object]] : []));
  }
}

const unlocks = [
  ['@account@a', { type: 'UnlockEntity', holder: holder(0) }],
  ['@account@b', { type: 'UnlockEntity', holder: holder(1) }],
];

function* locks(ctx: OrchestrationContext): Generator<unknown, unknown, any> {
  yield ctx.lock(a, b);
  return yield ctx.waitForExternalEvent('end');
}

describe('the actions of an orchestration on entities', () => {
  it('[N8] [N7] become messages to the partitions of the entities, in their order', () => {
    const instance = new Instance(function* (ctx) {
      ctx.callEntity(a, 'add', 1);
      ctx.signalEntity(b, 'add', 2);
      ctx.signalEntity(a, 'reset', undefined, { scheduledTime: new Date(77_000) });
      yield ctx.lock(a);
    });
    expect(instance.sent).toEqual([
      ['@account@a', { type: 'EntityOperation', operation: 'add', input: '1', caller: holder(0) }],
      ['@account@b', { type: 'EntityOperation', operation: 'add', input: '2' }],
      ['@account@a', { type: 'EntityOperation', operation: 'reset', dueAt: 77_000 }],
      ['@account@a', { type: 'LockEntity', holder: holder(3) }],
    ]);
    for (const { instanceId, partition } of instance.last.checkpoint.messages) expect(partition).toBe(partitionOf(instanceId, 4));
  });

  it('[L1] an unlock names the request that it takes back, and comes behind all that was done under the lock', () => {
    const instance = new Instance(function* (ctx) {
      const lock = yield* ctx.lock(a);
      ctx.callEntity(a, 'add', 1);
      lock.release();
    }).take(grants[0]!);
    expect(instance.last.row?.status).toBe('Completed');
    expect(instance.sent.map(([, body]) => body)).toEqual([
      { type: 'EntityOperation', operation: 'add', input: '1', caller: holder(1) },
      { type: 'UnlockEntity', holder: holder(0) },
    ]);
  });

  it('[L1] a generation that continues as new gives back what it has locked as the execution that it was', () => {
    const instance = new Instance(function* (ctx) {
      yield ctx.lock(a, b);
      ctx.continueAsNew();
    }).take(grants[0]!).take(grants[1]!);
    expect([instance.last.row?.executionId, instance.sent]).toEqual(['next', unlocks]);
  });

  it('[K1] [L1] an instance that is replaced while it runs gives back what it has locked', () => {
    const instance = new Instance(locks).take(grants[0]!).take(grants[1]!);
    instance.take({ ...eventMessage(8, 'transfer'), body: { type: 'CreateInstance', executionId: 'new', name: 'transfer', onConflict: 'terminateAndReplace', isNewId: false } });
    expect(instance.last.row?.executionId).toBe('new');
    expect(instance.sent.slice(0, 2)).toEqual(unlocks);
  });

  it('[K8] a call that a rewind dispatches again has its number', async () => {
    const instance = new Instance(function* (ctx): Generator<unknown, unknown, any> {
      return yield ctx.all([ctx.callEntity(a, 'add', 1), ctx.callEntity(b, 'add', 1)]);
    });
    const failureDetails = { errorType: 'Error', errorMessage: 'boom', isNonRetriable: false };
    instance.take(event(2, { type: 'EntityOperationFailed', taskId: 1, failureDetails }));
    expect(instance.last.row?.status).toBe('Failed');
    await instance.rewind();
    expect(instance.sent.map(([id, body]) => [id, (body as { caller: object }).caller])).toEqual([['@account@a', holder(0)], ['@account@b', holder(1)]]);
  });
});

describe('where the code does not run', () => {
  it('[L1] [Y6] a terminate gives the locks back that history holds, as the next actions of the history', async () => {
    const instance = await new Instance(locks).take(grants[0]!).moveTo(undefined);
    instance.take(terminate);
    expect([instance.last.row?.status, instance.sent]).toEqual(['Terminated', unlocks]);
    expect(instance.history.filter(({ type }) => type === 'EntityUnlockSent')).toEqual([
      { type: 'EntityUnlockSent', taskId: 2, entityId: '@account@a', lockTaskId: 0 },
      { type: 'EntityUnlockSent', taskId: 3, entityId: '@account@b', lockTaskId: 1 },
    ]);
    expect(instance.history.at(-2)?.type).toBe('ExecutionCompleted');
  });

  it('[L1] [Y6] also after it was parked, and a worker with the code goes on as ever', async () => {
    const parked = await new Instance(locks).take(grants[0]!).moveTo(undefined);
    expect(parked.take(grants[1]!)).toMatchObject({ sent: [], last: { isParked: true } });
    const terminated = await parked.moveTo(undefined);
    expect(terminated.take(terminate).sent).toEqual(unlocks);

    const resumed = await (await new Instance(locks).take(grants[0]!).moveTo(undefined)).take(grants[1]!).moveTo(locks);
    resumed.take(event(10, { type: 'EventRaised', name: 'end' }));
    expect([resumed.last.row?.status, resumed.sent]).toEqual(['Completed', unlocks]);
  });

  it('[L1] what was given back before is not given back again', async () => {
    const instance = await new Instance(function* (ctx) {
      const lock = yield* ctx.lock(a);
      lock.release();
      yield ctx.waitForExternalEvent('end');
    }).take(grants[0]!).moveTo(undefined);
    expect(instance.take(terminate)).toMatchObject({ sent: [], last: { row: { status: 'Terminated' } } });
  });

  it('[L1] [K8] a request of the episode that failed was never sent, so there is nothing to give back', async () => {
    const instance = new Instance(function (ctx) {
      ctx.lock(a);
      throw new Error('no');
    });
    const parked = await (await instance.moveTo(undefined)).rewind();
    expect(parked).toMatchObject({ sent: [], last: { isParked: true } });
    await parked.moveTo(undefined);
    expect(parked.take(terminate)).toMatchObject({ sent: [], last: { row: { status: 'Terminated' } } });
  });

  it('[L1] [Y8] a poisoned instance gives them back', async () => {
    const failure = { errorType: 'PoisonMessageError', errorMessage: 'enough', isNonRetriable: true };
    const instance = await new Instance(locks).take(grants[0]!).take(grants[1]!).moveTo(locks, failure);
    instance.take(event(10, { type: 'EventRaised', name: 'end' }));
    expect([instance.last.row?.status, instance.sent]).toEqual(['Failed', unlocks]);
  });
});
