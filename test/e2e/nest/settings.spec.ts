import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableClient, DurableModule, getDurableClientToken, type DurableModuleOptions, type DurableOptions, type DurableOptionsFactory } from 'nestjs-durable';
import { compileApp, IN_MEMORY, refusalOf, SILENT } from './support.js';

describe('settings of DurableModule.forRoot', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ leaseDuration: -1 }, "the setting 'leaseDuration' is -1, but it must be a whole number from 250 to 600000"],
    [{ partitionCount: 65 }, "the setting 'partitionCount' is 65, but it must be a whole number from 1 to 64"],
    [{ maxPayloadBytes: 'big' }, "the setting 'maxPayloadBytes' is 'big', but it must be a whole number"],
    [{ maxPollingInterval: NaN }, "the setting 'maxPollingInterval' is NaN"],
    [{ extendedSessionsEnabled: 'yes' }, "the setting 'extendedSessionsEnabled' is 'yes', but it must be true or false"],
    [{ defaultVersion: '' }, "the setting 'defaultVersion' is '', but it must be a non-empty string"],
    [{ taskHub: '1st' }, "the setting 'taskHub' is '1st', but it must be a letter followed by letters and digits"],
    [{ worker: 1 }, "the setting 'worker' is 1, but it must be true or false"],
    [{ storage: { type: 'postgres' } }, "the setting 'storage.type' is 'postgres', but it must be one of better-sqlite3, mysql, mariadb"],
    [{ leaseTime: 5 }, "the setting 'leaseTime' does not exist; known are taskHub, storage, worker"],
  ])('%j is refused at start', async (options, message) => {
    expect(await refusalOf({}, options as DurableModuleOptions)).toContain(message);
  });

  it('an undefined setting takes its default', async () => {
    const app = await compileApp({}, { leaseDuration: undefined, taskHub: undefined, worker: undefined });
    await expect(app.init()).resolves.toBe(app);
    await app.close();
  });

  it('a bad name is refused at the call', () => {
    expect(() => DurableModule.forRoot({ name: '' })).toThrow("the setting 'name' must be a non-empty string");
  });
});

describe('DurableModule.forRootAsync', () => {
  @Injectable()
  class Config implements DurableOptionsFactory {
    createDurableOptions(): DurableOptions {
      return IN_MEMORY;
    }
  }

  @Module({ providers: [Config], exports: [Config] })
  class ConfigModule {}

  it.each([
    ['useFactory', { imports: [ConfigModule], inject: [Config], useFactory: (config: Config) => config.createDurableOptions() }],
    ['useClass', { useClass: Config }],
    ['useExisting', { imports: [ConfigModule], useExisting: Config }],
  ])('takes the options from %s', async (_way, options) => {
    const app = await Test.createTestingModule({ imports: [DurableModule.forRootAsync(options)] }).setLogger(SILENT).compile();
    await app.init();
    expect(app.get(DurableClient, { strict: false })).toBeInstanceOf(DurableClient);
    await app.close();
  });

  it('refuses none, and several ways at once', () => {
    expect(() => DurableModule.forRootAsync({})).toThrow('exactly one of useFactory, useClass and useExisting');
    expect(() => DurableModule.forRootAsync({ useClass: Config, useFactory: () => IN_MEMORY })).toThrow('exactly one');
  });

  it('refuses from the factory what shapes the module graph', async () => {
    const durable = DurableModule.forRootAsync({ useFactory: () => ({ ...IN_MEMORY, name: 'billing' }) as DurableOptions });
    await expect(Test.createTestingModule({ imports: [durable] }).setLogger(SILENT).compile()).rejects.toThrow(
      "the setting 'name' shapes the module graph: give it beside useFactory",
    );
  });
});

describe('several registrations', () => {
  it('have clients of their own', async () => {
    const app = await compileApp({ imports: [DurableModule.forRoot({ ...IN_MEMORY, name: 'billing' })] });
    await app.init();
    const billing = app.get<DurableClient>(getDurableClientToken('billing'), { strict: false });
    expect(billing).toBeInstanceOf(DurableClient);
    expect(billing).not.toBe(app.get(DurableClient, { strict: false }));
    await app.close();
  });
});
