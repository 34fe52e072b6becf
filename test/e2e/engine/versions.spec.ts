/** Versions of an orchestrator side by side in one process [Y5]. Those of several processes are in ownership.spec.ts. */
import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { useApps } from './start-app.js';

@Injectable()
class Orders {
  @Orchestrator()
  order(ctx: OrchestrationContext): string {
    return `no version, ctx.version ${ctx.version}`;
  }

  @Orchestrator({ name: 'order', version: '1' })
  orderV1(ctx: OrchestrationContext): string {
    return `version 1, ctx.version ${ctx.version}`;
  }

  @Orchestrator({ name: 'order', version: '2' })
  orderV2(ctx: OrchestrationContext): string {
    return `version 2, ctx.version ${ctx.version}`;
  }

  @Orchestrator({ name: 'versionedOnly', version: '1' })
  versionedOnly(): string {
    return 'version 1';
  }

  @Orchestrator({ name: 'loop', version: '1' })
  *loopV1(ctx: OrchestrationContext, rounds: number): Orchestration<string> {
    yield* ctx.createTimer(1);
    if (rounds > 0) ctx.continueAsNew(rounds - 1);
    return `version 1, ctx.version ${ctx.version}`;
  }

  @Orchestrator({ name: 'loop', version: '2' })
  loopV2(): string {
    return 'version 2';
  }

  @Orchestrator({ name: 'fails', version: '1' })
  failsV1(): never {
    throw new Error('version 1');
  }

  @Orchestrator({ name: 'fails', version: '2' })
  failsV2(): never {
    throw new Error('version 2');
  }

  @Orchestrator({ name: 'fails' })
  fails(): never {
    throw new Error('no version');
  }

  @Orchestrator()
  *callsByStub(ctx: OrchestrationContext): Orchestration<string[]> {
    const { order, orderV1, orderV2 } = ctx.orchestrators(Orders);
    return yield* ctx.all([order(), orderV1(), orderV2(), orderV1(undefined, { version: '2' })]);
  }

  @Orchestrator()
  *callsByName(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const [plain, first] = [ctx.callSubOrchestrator('order'), ctx.callSubOrchestrator('order', undefined, { version: '1' })];
    return yield* ctx.all([plain, first]);
  }

  @Orchestrator()
  *callsUnversioned(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('callsByName');
  }
}

const NONE = 'no version, ctx.version undefined';
const FIRST = 'version 1, ctx.version 1';
const SECOND = 'version 2, ctx.version 2';

describe.each(DATABASES)('versions of an orchestrator on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase(kind);
  });

  const start = async (settings: { readonly defaultVersion?: string } = {}) => {
    const app = await startApp({ storage: database.storage, ...settings }, { providers: [Orders] });
    const { client } = app;
    const outputOf = async (id: Promise<string>) => (await client.waitForCompletion(await id)).output;
    return { client, outputOf, close: () => app.close() };
  };

  it('[Y5] the version asked for, else the handler without a version, else refused', async () => {
    const { client, outputOf } = await start();
    expect(await outputOf(client.startNew('order', { version: '2' }))).toBe(SECOND);
    expect(await outputOf(client.startNew('order'))).toBe(NONE);
    await expect(client.startNew('versionedOnly')).rejects.toThrow("There is no orchestrator 'versionedOnly'.");
    await expect(client.startNew('order', { version: '3' })).rejects.toThrow("There is no orchestrator 'order' version '3'.");
  });

  it('[Y5] typed starters start the version that the decorator names; an option wins', async () => {
    const { client, outputOf } = await start();
    const { order, orderV1, orderV2 } = client.orchestrators(Orders);
    expect(await Promise.all([order(), orderV1(), orderV2(), orderV1(undefined, { version: '2' })].map(outputOf))).toEqual([NONE, FIRST, SECOND, SECOND]);
  });

  it('[Y5] typed stubs in orchestrators call the version that the decorator names; an option wins', async () => {
    const { client, outputOf } = await start();
    expect(await outputOf(client.startNew('callsByStub'))).toEqual([NONE, FIRST, SECOND, SECOND]);
  });

  it('[Y5] sub-orchestrations called by name: the version asked for, else the default version, else the handler without a version', async () => {
    const { client, outputOf } = await start({ defaultVersion: '2' });
    expect(await outputOf(client.startNew('callsByName'))).toEqual([SECOND, FIRST]);
    expect(await outputOf(client.startNew('callsUnversioned'))).toEqual([SECOND, FIRST]);
  });

  it('[Y5] [C1] an instance keeps its version over continueAsNew, whatever the default is then', async () => {
    const { client, outputOf } = await start({ defaultVersion: '2' });
    expect(await outputOf(client.startNew('loop', { input: 3, version: '1' }))).toBe(FIRST);
  });

  it('[Y5] [K4] [K8] and over a restart and a rewind', async () => {
    for (const defaultVersion of [undefined, '1', '2']) {
      const { client, close, outputOf } = await start({ defaultVersion });
      const instanceId = `fails with default ${defaultVersion}`;
      const versions: unknown[] = [];
      const failed = async () => {
        const { version, failureDetails } = await client.waitForCompletion(instanceId);
        versions.push(version, failureDetails?.errorMessage);
      };
      await client.startNew('fails', { instanceId, version: '1' });
      await failed();
      await client.rewind(instanceId);
      await failed();
      await client.restart(instanceId, { newInstanceId: false });
      await failed();
      expect(versions).toEqual(Array.from({ length: 3 }, () => ['1', 'version 1']).flat());
      const first = await client.startNew('order', { version: '1' });
      await client.waitForCompletion(first);
      expect(await outputOf(client.restart(first))).toBe(FIRST);
      await close();
    }
  });
});
