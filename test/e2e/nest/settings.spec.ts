import { Injectable, Module, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Activity, DurableClient, DurableModule, getDurableClientToken, InjectDurableClient, Orchestrator, type DurableModuleAsyncOptions,
  type DurableOptions, type DurableOptionsFactory, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { map } from 'rxjs';
import { DEFAULT_SETTINGS } from '../../../lib/engine/settings.js';
import { getDurableOptionsToken } from '../../../lib/nest/durable.constants.js';
import { compileApp, IN_MEMORY, refusalOf, SILENT, useStarted } from './support.js';

const started = useStarted();

/** Whole numbers: the least and the greatest that are allowed. */
const RANGES: readonly [setting: string, minimum: number, maximum: number][] = [
  ['partitionCount', 1, 64],
  ['maxConcurrentActivityFunctions', 1, 100_000],
  ['maxConcurrentEntityFunctions', 1, 100_000],
  ['maxEntityOperationBatchSize', 1, 10_000],
  ['entityOperationTimeout', 1, 86_400_000],
  ['maxConcurrentOrchestratorFunctions', 1, 100_000],
  ['maxCachedInstances', 0, 1_000_000],
  ['maxPollingInterval', 1, 60_000],
  ['leaseDuration', 250, 600_000],
  ['maxOrchestrationActions', 1, 10_000_000],
  ['maxPayloadBytes', 1_024, 268_435_456],
  ['maxDispatchCount', 1, 1_000],
  ['maxTimerInterval', 1, 86_400_000],
  ['shutdownTimeout', 0, 3_600_000],
  ['maxBacklog', 1, 1_000_000],
];

const NOT_NUMBERS: readonly unknown[] = [1.5, NaN, Infinity, '10', null, true, {}];

const refusalOfOptions = (options: object): Promise<string> => refusalOf({}, options);

describe('settings of DurableModule.forRoot', () => {
  it.each(RANGES)('%s may be from %d to %d', async (setting, minimum, maximum) => {
    const range = `but it must be a whole number from ${minimum} to ${maximum}`;
    for (const value of [minimum, maximum]) await compileApp({}, { [setting]: value });
    for (const value of [minimum - 1, maximum + 1]) {
      expect(await refusalOfOptions({ [setting]: value })).toBe(`DurableModule: the setting '${setting}' is ${value}, ${range}.`);
    }
    for (const value of NOT_NUMBERS) {
      const message = await refusalOfOptions({ [setting]: value });
      expect(message).toContain(`the setting '${setting}' is `);
      expect(message).toContain(range);
    }
  });

  it('the table above has every numeric setting', () => {
    const numeric = Object.entries(DEFAULT_SETTINGS).filter(([, value]) => typeof value === 'number');
    expect(RANGES.map(([setting]) => setting).sort()).toEqual([...numeric.map(([setting]) => setting), 'entityOperationTimeout', 'maxBacklog'].sort());
  });

  it.each([
    [{ extendedSessionsEnabled: 'yes' }, "the setting 'extendedSessionsEnabled' is 'yes', but it must be true or false"],
    [{ worker: 1 }, "the setting 'worker' is 1, but it must be true or false"],
    [{ worker: null }, "the setting 'worker' is null, but it must be true or false"],
    [{ defaultVersion: '' }, "the setting 'defaultVersion' is '', but it must be a string of 1 to 255 characters, or absent"],
    [{ defaultVersion: 'v'.repeat(256) }, "but it must be a string of 1 to 255 characters, or absent"],
    [{ defaultVersion: 2 }, "the setting 'defaultVersion' is 2, but it must be a string"],
    [{ enhancers: true }, "the setting 'enhancers' is true, but it must be an object of interceptors, pipes, filters, guards, each true or false"],
    [{ enhancers: ['pipes'] }, "the setting 'enhancers' is an object (0), but it must be an object of interceptors"],
    [{ enhancers: { pipes: 'no' } }, "the setting 'enhancers.pipes' is 'no', but it must be true or false"],
    [{ enhancers: { guard: true } }, "the setting 'enhancers.guard' does not exist; did you mean 'guards'? Known are interceptors, pipes, filters, guards"],
    [{ retention: 5 }, "the setting 'retention' is 5, but it must be an object of completed, failed, terminated, each in milliseconds"],
    [{ retention: [60_000] }, "the setting 'retention' is an object (0), but it must be an object of completed, failed, terminated"],
    [{ retention: { failed: 59_999 } }, "the setting 'retention.failed' is 59999, but it must be a whole number from 60000 to 315360000000"],
    [{ retention: { completed: 315_360_000_001 } }, "the setting 'retention.completed' is 315360000001, but it must be a whole number"],
    [{ retention: { terminated: '1 day' } }, "the setting 'retention.terminated' is '1 day', but it must be a whole number"],
    [{ retention: { running: 60_000 } }, "the setting 'retention.running' does not exist; known are completed, failed, terminated"],
    [{ storage: { type: 'postgres' } }, "the setting 'storage.type' is 'postgres', but it must be one of better-sqlite3, mysql, mariadb"],
    [{ worker: false }, "the setting 'worker' is false, but it must be true with the database ':memory:', which no other process can work on"],
  ])('%j is refused at start', async (options, message) => {
    expect(await refusalOfOptions(options)).toContain(message);
  });

  it.each(['1st', 'ab', 'a'.repeat(46), 'Orders-2', '', 7])('the task hub %j is refused', async (taskHub) => {
    expect(await refusalOfOptions({ taskHub })).toContain('but it must be a letter followed by letters and digits, 3 to 45 characters');
  });

  it.each(['abc', 'A'.repeat(45)])('the task hub %j is allowed', async (taskHub) => {
    await expect(compileApp({}, { taskHub })).resolves.toBeDefined();
  });

  it.each([
    ['leaseDurations', "does not exist; did you mean 'leaseDuration'? Known are taskHub, storage, worker, enhancers, partitionCount"],
    ['TaskHub', "does not exist; did you mean 'taskHub'?"],
    ['maxConcurrentActivities', "does not exist; did you mean 'maxConcurrentActivityFunctions'?"],
    ['verbose', 'does not exist; known are taskHub'],
    ['maxConcurrentEntities', "does not exist; did you mean 'maxConcurrentEntityFunctions'?"],
  ])('the unknown setting %s is refused', async (setting, message) => {
    expect(await refusalOfOptions({ [setting]: 5 })).toContain(`the setting '${setting}' ${message}`);
  });

  it('an undefined setting takes its default', async () => {
    const app = await compileApp({}, { leaseDuration: undefined, taskHub: undefined, worker: undefined, enhancers: undefined });
    await expect(started(app)).resolves.toBe(app);
  });

  it.each([{}, { completed: undefined }, { completed: 60_000, failed: 315_360_000_000 }, undefined])('the retention %j is allowed', async (retention) => {
    await expect(compileApp({}, { retention })).resolves.toBeDefined();
  });

  it('a bad name is refused at the call', () => {
    expect(() => DurableModule.forRoot({ name: '' })).toThrow("the setting 'name' must be a non-empty string");
  });
});

describe('DurableModule.forRootAsync', () => {
  @Injectable()
  class Region {
    readonly hub = 'Europe';
  }

  @Injectable()
  class Config implements DurableOptionsFactory {
    constructor(private readonly region: Region) {}

    async createDurableOptions(): Promise<DurableOptions> {
      return { ...IN_MEMORY, taskHub: this.region.hub };
    }
  }

  @Module({ providers: [Config, Region], exports: [Config, Region] })
  class ConfigModule {}

  const start = async (options: DurableModuleAsyncOptions): Promise<TestingModule> =>
    await Test.createTestingModule({ imports: [DurableModule.forRootAsync(options)] }).setLogger(SILENT).compile();

  it.each<[string, DurableModuleAsyncOptions]>([
    ['useFactory', { useFactory: () => ({ ...IN_MEMORY, taskHub: 'Europe' }) }],
    ['useFactory that is async and injects', {
      imports: [ConfigModule], inject: [Config], useFactory: async (config: Config) => await config.createDurableOptions(),
    }],
    ['useFactory with an optional dependency that is missing', {
      imports: [ConfigModule],
      inject: [Region, { token: 'OVERRIDE', optional: true }],
      useFactory: (region: Region, override?: string) => ({ ...IN_MEMORY, taskHub: override ?? region.hub }),
    }],
    ['useClass with dependencies of its own', { imports: [ConfigModule], useClass: Config }],
    ['useExisting', { imports: [ConfigModule], useExisting: Config }],
  ])('takes the options from %s', async (_way, options) => {
    const app = await start(options);
    await started(app);
    expect(app.get(getDurableOptionsToken('default'), { strict: false })).toMatchObject({ taskHub: 'Europe' });
  });

  it('refuses none, and several ways at once', () => {
    expect(() => DurableModule.forRootAsync({})).toThrow('exactly one of useFactory, useClass and useExisting');
    expect(() => DurableModule.forRootAsync({ useClass: Config, useFactory: () => IN_MEMORY })).toThrow('exactly one');
    expect(() => DurableModule.forRootAsync({ useClass: Config, useExisting: Config })).toThrow('exactly one');
  });

  it('refuses a setting that stands beside the factory', () => {
    const options = { useFactory: () => IN_MEMORY, taskHub: 'Europe' };
    expect(() => DurableModule.forRootAsync(options)).toThrow("the setting 'taskHub' stands beside the factory");
  });

  it('refuses from the factory what shapes the module graph', async () => {
    for (const setting of ['name', 'isGlobal']) {
      const useFactory = () => ({ ...IN_MEMORY, [setting]: 'billing' });
      await expect(start({ useFactory })).rejects.toThrow(`the setting '${setting}' shapes the module graph: give it beside useFactory`);
    }
  });

  it('checks what the factory answers', async () => {
    await expect(start({ useFactory: () => ({ ...IN_MEMORY, leaseDuration: 5 }) })).rejects.toThrow("the setting 'leaseDuration' is 5");
    await expect(start({ useFactory: () => ({ ...IN_MEMORY, leaseTime: 5 }) as DurableOptions })).rejects.toThrow("'leaseTime' does not exist");
    await expect(start({ useFactory: () => undefined as never })).rejects.toThrow("the setting 'options' is undefined, but it must be an object of settings");
    await expect(start({ useClass: Region as never })).rejects.toThrow('has no method createDurableOptions()');
  });

  it('an error of the factory is what the application fails to start with', async () => {
    await expect(start({ useFactory: () => Promise.reject(new Error('no configuration')) })).rejects.toThrow('no configuration');
  });
});

describe('several registrations', () => {
  it('have clients of their own', async () => {
    const app = await compileApp({ imports: [DurableModule.forRoot({ ...IN_MEMORY, name: 'billing' })] });
    await started(app);
    const billing = app.get<DurableClient>(getDurableClientToken('billing'), { strict: false });
    expect(billing).toBeInstanceOf(DurableClient);
    expect(billing).not.toBe(app.get(DurableClient, { strict: false }));
  });

  it('run the handlers that name them, with settings of their own, whichever way they were made', async () => {
    @Injectable()
    class Till {
      @Activity()
      note(): string {
        return 'noted';
      }

      @Activity({ name: 'note', hub: 'billing' })
      bill(): string {
        return 'billed';
      }

      @Orchestrator()
      *sells(ctx: OrchestrationContext): Orchestration<unknown> {
        return yield* ctx.callActivity('note');
      }

      @Orchestrator({ name: 'sells', hub: 'billing' })
      *bills(ctx: OrchestrationContext): Orchestration<unknown> {
        return yield* ctx.callActivity('note');
      }
    }
    const signed: NestInterceptor = { intercept: (_context, next) => next.handle().pipe(map((result) => `${String(result)}, signed`)) };
    const billing = DurableModule.forRootAsync({
      name: 'billing', useFactory: () => ({ ...IN_MEMORY, enhancers: { interceptors: false } }),
    });
    const app = await compileApp({ imports: [billing], providers: [Till, { provide: APP_INTERCEPTOR, useValue: signed }] });
    await started(app);
    const outputOf = async (token: ReturnType<typeof getDurableClientToken>): Promise<unknown> => {
      const client = app.get<DurableClient>(token, { strict: false });
      return (await client.waitForCompletion(await client.startNew('sells'))).output;
    };
    expect(await outputOf(getDurableClientToken())).toBe('noted, signed');
    expect(await outputOf(getDurableClientToken('billing'))).toBe('billed');
  });

  it('inject their client where the module is not imported when they are global, else not', async () => {
    @Injectable()
    class Cashier {
      constructor(@InjectDurableClient('billing') readonly billing: DurableClient) {}
    }
    @Module({ providers: [Cashier] })
    class CashModule {}
    const billing = (isGlobal: boolean) => DurableModule.forRootAsync({ name: 'billing', isGlobal, useFactory: () => IN_MEMORY });
    const app = await compileApp({ imports: [billing(true), CashModule] });
    await started(app);
    expect(app.get(Cashier, { strict: false }).billing).toBe(app.get(getDurableClientToken('billing'), { strict: false }));
    expect(await refusalOf({ imports: [billing(false), CashModule] })).toContain("can't resolve dependencies of the Cashier");
  });
});
