/**
 * Two applications, each in a process and on a database of its own. The shop starts orchestrations of the warehouse over HTTP and
 * waits for them, by callHttp and by activities with a timer; either one is killed meanwhile and started again.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule, type DurableOrchestrationStatus } from '../../lib/index.js';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';
import type { ApplicationConfig, ApplicationMessage, ApplicationName } from './application-messages.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { HttpLine } from './http-line.js';

/** Compiled by test/support/compile-children.js. */
const SCRIPT = resolve(import.meta.dirname, '../../build/test/chaos/application-process.js');
const LEASE = 1_500;
const TIME_LIMIT = 60_000;
const FORMS = ['byCallHttp', 'byActivities'] as const;
const START = /^POST .*\/orchestrators\//;
const QUESTION = /^GET .*\/instances\//;

/** Emits each message under its type. */
class ApplicationProcess extends EventEmitter {
  private readonly child: ChildProcess;

  constructor(config: ApplicationConfig) {
    super();
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: ApplicationMessage) => this.emit(message.type === 'error' ? 'complaint' : message.type, message));
    this.child.once('exit', (code, signal) => this.emit('exit', code, signal));
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

describe.each(DATABASES)('two applications on %s', (kind) => {
  let databases: Record<ApplicationName, TestDatabase>;
  let line: HttpLine;
  /** Beside the shop, on its database: it outlives it. */
  let outside: INestApplicationContext;
  let processes: ApplicationProcess[];
  let begun: string[];
  let complaints: string[];

  beforeEach(async () => {
    databases = { shop: await createDatabase(kind), warehouse: await createDatabase(kind) };
    line = await HttpLine.open();
    [processes, begun, complaints] = [[], [], []];
    const { storage } = databases.shop;
    const client = DurableModule.forRoot({ taskHub: 'Shop', storage, worker: false, leaseDuration: LEASE });
    outside = await NestFactory.createApplicationContext(client, { logger: ['error'] });
  });

  afterEach(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    await outside.close();
    await line.close();
    for (const database of Object.values(databases)) await database.drop();
  });

  async function start(name: ApplicationName, hold: readonly string[] = []): Promise<ApplicationProcess> {
    const { storage } = databases[name];
    const warehouseUrl = `${line.url}/runtime/webhooks/durabletask`;
    const process = new ApplicationProcess({ name, storage, leaseDuration: LEASE, warehouseUrl, hold });
    processes.push(process);
    process.on('begun', ({ what }: { what: string }) => begun.push(what));
    process.on('complaint', ({ text }: { text: string }) => complaints.push(`${name}: ${text}`));
    const died = once(process, 'exit').then(() => Promise.reject(new Error(`The ${name} died: ${complaints.join(' ')}`)));
    const [{ port }] = (await Promise.race([once(process, 'ready'), died])) as [{ port?: number }];
    // Afterwards it may die.
    died.catch(() => undefined);
    if (port !== undefined) line.targetPort = port;
    return process;
  }

  const client = () => outside.get(DurableClient, { strict: false });
  const order = (form: string) => client().startNew(form, { instanceId: 'order', input: 'order' });
  const end = (): Promise<DurableOrchestrationStatus> => client().waitForCompletion('order');
  const answers = (pattern: RegExp) => line.passages.filter(({ method, path }) => pattern.test(`${method} ${path}`)).map(({ status }) => status);
  const times = (what: string) => begun.filter((each) => each === what).length;

  async function expectWhole(): Promise<void> {
    expect(await end()).toMatchObject({ runtimeStatus: 'Completed', output: 'lorry order' });
    for (const { storage } of Object.values(databases)) expect(checkDatabase(await readSettledTables(storage))).toEqual([]);
    expect(complaints).toEqual([]);
  }

  it.each(FORMS)('[H2] [W1] the shop dies after its start has arrived, before it knows: the start is repeated and refused, nothing runs twice: %s', async (form) => {
    await start('warehouse', ['pick order']);
    const shop = await start('shop');
    const arrived = line.keepAnswer(START);
    await order(form);
    expect(await arrived).toMatchObject({ status: 202 });
    await shop.kill();
    const asked = line.answered(QUESTION);
    await start('shop');
    await asked;
    expect(answers(START)).toEqual([202, 409]);
    await processes[0]!.kill();
    await start('warehouse');
    await expectWhole();
    expect([times('pick order'), times('load order')]).toEqual([2, 1]);
  }, TIME_LIMIT);

  it.each(FORMS)('[H2] [W1] the same when the warehouse has finished before the shop comes back: %s', async (form) => {
    const warehouse = await start('warehouse');
    const shop = await start('shop');
    const arrived = line.keepAnswer(START);
    const loaded = new Promise<void>((done) => warehouse.on('begun', ({ what }) => what === 'load order' && done()));
    await order(form);
    await arrived;
    await shop.kill();
    await loaded;
    await start('shop');
    await expectWhole();
    expect(answers(START)).toEqual([202, 409]);
    expect(begun).toEqual(['pick order', 'load order']);
  }, TIME_LIMIT);

  it.each(FORMS)('[H2] the shop dies while it waits for the end: %s', async (form) => {
    const warehouse = await start('warehouse', ['load order']);
    const shop = await start('shop');
    const asked = line.answered(QUESTION);
    await order(form);
    expect(await asked).toMatchObject({ status: 202 });
    await shop.kill();
    await start('shop');
    await line.answered(QUESTION);
    await warehouse.kill();
    await start('warehouse');
    await expectWhole();
    expect(answers(START)).toEqual([202]);
    expect([times('pick order'), times('load order')]).toEqual([1, 2]);
  }, TIME_LIMIT);

  it.each(FORMS)('[H2] the warehouse dies in the midst of its work, and is away for some questions: %s', async (form) => {
    const warehouse = await start('warehouse', ['pick order']);
    await start('shop');
    const asked = line.answered(QUESTION);
    await order(form);
    await asked;
    await warehouse.kill();
    await line.unanswered(3);
    await start('warehouse');
    await expectWhole();
    expect(answers(START)).toEqual([202]);
    expect([times('pick order'), times('load order')]).toEqual([2, 1]);
  }, TIME_LIMIT);
});
