/**
 * Two applications, each in a process and on a database of its own. The shop starts orchestrations of the warehouse over HTTP and
 * waits for them, by callHttp and by activities with a timer; either one is killed meanwhile and started again.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule } from '../../lib/index.js';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';
import type { ApplicationConfig, ApplicationMessage, ApplicationName } from './application-messages.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { HttpLine } from './http-line.js';

/** Compiled by test/support/compile-children.js. */
const SCRIPT = resolve(import.meta.dirname, '../../build/test/chaos/application-process.js');
const LEASE = 1_500;
const TIME_LIMIT = 60_000;
/** The orchestrators of the shop. */
const FORMS = ['byCallHttp', 'byActivities'];

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

  async function run(name: ApplicationName, hold: readonly string[] = []): Promise<ApplicationProcess> {
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
  /** Both forms at once, each for an order of its own name. */
  const forBoth = <T>(action: (form: string) => T | Promise<T>): Promise<T[]> => Promise.all(FORMS.map(action));
  const order = () => forBoth((form) => client().startNew(form, { instanceId: form, input: form }));
  const start = (form: string) => new RegExp(`^POST .*/orchestrators/dispatch/${form}\\b`);
  const question = (form: string) => new RegExp(`^GET .*/instances/${form}\\b`);
  const held = (activity: string) => FORMS.map((form) => `${activity} ${form}`);
  const answersTo = (pattern: RegExp) => line.passages.filter(({ method, path }) => pattern.test(`${method} ${path}`)).map(({ status }) => status);
  const timesOf = (activity: string) => FORMS.map((form) => begun.filter((what) => what === `${activity} ${form}`).length);

  async function expectWhole(): Promise<void> {
    const ends = await forBoth((form) => client().waitForCompletion(form));
    expect(ends.map(({ output }) => output)).toEqual(FORMS.map((form) => `lorry ${form}`));
    for (const { storage } of Object.values(databases)) expect(checkDatabase(await readSettledTables(storage))).toEqual([]);
    expect(complaints).toEqual([]);
  }

  it('[H2] [W1] the shop dies after its start has arrived, before it knows: the start is repeated and refused, nothing runs twice', async () => {
    const warehouse = await run('warehouse', held('pick'));
    const shop = await run('shop');
    const arrived = forBoth((form) => line.keepAnswer(start(form)));
    await order();
    expect((await arrived).map(({ status }) => status)).toEqual([202, 202]);
    await shop.kill();
    const asked = forBoth((form) => line.answered(question(form)));
    await run('shop');
    await asked;
    expect(await forBoth((form) => answersTo(start(form)))).toEqual([[202, 409], [202, 409]]);
    await warehouse.kill();
    await run('warehouse');
    await expectWhole();
    expect([timesOf('pick'), timesOf('load')]).toEqual([[2, 2], [1, 1]]);
  }, TIME_LIMIT);

  it('[H2] [W1] the same when the warehouse has finished before the shop comes back', async () => {
    const warehouse = await run('warehouse');
    const shop = await run('shop');
    const arrived = forBoth((form) => line.keepAnswer(start(form)));
    const loaded = forBoth((form) => new Promise<void>((done) => warehouse.on('begun', ({ what }) => what === `load ${form}` && done())));
    await order();
    await arrived;
    await shop.kill();
    await loaded;
    await run('shop');
    await expectWhole();
    expect(await forBoth((form) => answersTo(start(form)))).toEqual([[202, 409], [202, 409]]);
    expect([timesOf('pick'), timesOf('load')]).toEqual([[1, 1], [1, 1]]);
  }, TIME_LIMIT);

  it('[H2] the shop dies while it waits for the end', async () => {
    const warehouse = await run('warehouse', held('load'));
    const shop = await run('shop');
    const asked = forBoth((form) => line.answered(question(form)));
    await order();
    expect((await asked).map(({ status }) => status)).toEqual([202, 202]);
    await shop.kill();
    const askedAgain = forBoth((form) => line.answered(question(form)));
    await run('shop');
    await askedAgain;
    await warehouse.kill();
    await run('warehouse');
    await expectWhole();
    expect(await forBoth((form) => answersTo(start(form)))).toEqual([[202], [202]]);
    expect([timesOf('pick'), timesOf('load')]).toEqual([[1, 1], [2, 2]]);
  }, TIME_LIMIT);

  it('[H2] the warehouse dies in the midst of its work, and is away for some questions', async () => {
    const warehouse = await run('warehouse', held('pick'));
    await run('shop');
    const asked = forBoth((form) => line.answered(question(form)));
    await order();
    await asked;
    await warehouse.kill();
    await line.unanswered(6);
    await run('warehouse');
    await expectWhole();
    expect(await forBoth((form) => answersTo(start(form)))).toEqual([[202], [202]]);
    expect([timesOf('pick'), timesOf('load')]).toEqual([[2, 2], [1, 1]]);
  }, TIME_LIMIT);
});
