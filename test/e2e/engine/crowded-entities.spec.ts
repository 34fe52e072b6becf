/** Entities for which more waits than memory holds of an inbox: because they are busy, locked, or their process stops [N4, L1]. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, EntityId, Orchestrator, TaskEntity, type DurableClient, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { partitionOf } from '../../../lib/core/index.js';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/gates.js';
import { eventually, useApps } from './start-app.js';

const PARTITIONS = 4;
const CROWD = 6_000;
const desk = new EntityId('desk', 'crowded');
const PARTITION = partitionOf(String(desk), PARTITIONS);

interface Notes {
  count: number;
  /** Numbers that came out of order. */
  misplaced: number[];
}

@Entity()
class Desk extends TaskEntity<Notes> {
  constructor(private readonly gates: Gates) {
    super();
  }

  override initializeState(): Notes {
    return { count: 0, misplaced: [] };
  }

  note(value: number): void {
    if (value !== this.state.count) this.state.misplaced.push(value);
    this.state.count += 1;
  }

  async wait(): Promise<void> {
    await this.gates.pass('desk');
  }
}

@Injectable()
class Clerk {
  @Orchestrator()
  *holds(ctx: OrchestrationContext): Orchestration<void> {
    const lock = yield* ctx.lock(desk);
    ctx.setCustomStatus('locked');
    yield* ctx.waitForExternalEvent('go');
    yield* ctx.callEntity(desk, 'note', 0);
    lock.release();
  }

  @Activity()
  double(value: number): number {
    return 2 * value;
  }

  @Orchestrator()
  *doubles(ctx: OrchestrationContext, value: number): Orchestration<number> {
    return yield* ctx.activities(Clerk).double(value);
  }
}

describe.each(DATABASES)('more than memory holds waits for an entity, on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;
  let gates: Gates;

  beforeEach(async () => {
    database = await createDatabase(kind);
    gates = new Gates();
  });
  afterEach(() => gates.reset());

  const start = () => startApp({ storage: database.storage, partitionCount: PARTITIONS, shutdownTimeout: 0 }, { providers: [Desk, Clerk], gates });
  const inPartition = (prefix: string) => Array.from({ length: 100 }, (_, index) => `${prefix}${index}`).find((id) => partitionOf(id, PARTITIONS) === PARTITION)!;
  const notes = async (client: DurableClient, id = desk) => (await client.readEntityState<Notes>(id)).entityState;
  const crowd = (client: DurableClient, first = 0) => Promise.all(Array.from({ length: CROWD }, (_, index) => client.signalEntity(desk, 'note', first + index)));

  /** Others of the partition go on, whose messages lie behind all that wait. */
  async function expectOthersToGoOn(client: DurableClient): Promise<void> {
    expect(await client.startNew('doubles', { instanceId: inPartition('doubles-'), input: 4 }).then((id) => client.waitForCompletion(id))).toMatchObject({ output: 8 });
    const other = EntityId.parse(inPartition('@desk@other-'));
    await client.signalEntity(other, 'note', 0);
    await eventually(async () => (await notes(client, other))?.count === 1);
  }

  it('[N4] while it is busy, and its process stops: others go on, and the next process keeps the order', async () => {
    const first = await start();
    await first.client.signalEntity(desk, 'wait');
    await gates.reached('desk');
    await crowd(first.client);
    await expectOthersToGoOn(first.client);
    await first.close();
    gates.open('desk');
    const { client } = await start();
    await eventually(async () => (await notes(client))?.count === CROWD);
    expect((await notes(client))!.misplaced).toEqual([]);
  }, 60_000);

  it('[L1] while it is locked: others go on, its holder too, and then all of them in their order', async () => {
    const { client } = await start();
    const holder = await client.startNew('holds');
    await eventually(async () => (await client.getStatus(holder))?.customStatus === 'locked');
    // Behind what the holder notes.
    await crowd(client, 1);
    await expectOthersToGoOn(client);
    // Too little to be moved: it waits in the inbox.
    await client.signalEntity(desk, 'note', CROWD + 1);
    expect(await notes(client)).toBeUndefined();
    await client.raiseEvent(holder, 'go');
    await client.waitForCompletion(holder);
    await eventually(async () => (await notes(client))?.count === CROWD + 2);
    expect((await notes(client))!.misplaced).toEqual([]);
  }, 60_000);
});
