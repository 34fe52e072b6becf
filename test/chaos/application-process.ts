/** One of two applications that know each other by HTTP only: the shop has its orders dispatched by the warehouse. */
import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableModule } from '../../lib/index.js';
import type { ApplicationConfig, ApplicationMessage } from './application-messages.js';
import { Deliveries, WarehouseAddress } from './deliveries.js';
import { Dispatches, KEY, Watch } from './dispatches.js';

const config = JSON.parse(process.argv[2]!) as ApplicationConfig;
const { name, storage, leaseDuration, warehouseUrl, hold = [] } = config;

const tell = (message: ApplicationMessage): boolean => process.send!(message);
const ignore = (): void => undefined;
const report = (...texts: unknown[]) => void tell({ type: 'error', text: texts.join(' ') });
const logger: LoggerService = { log: ignore, warn: ignore, error: report };

async function begun(what: string): Promise<void> {
  tell({ type: 'begun', what });
  if (hold.includes(what)) await new Promise(() => undefined);
}

@Module({
  imports: [DurableModule.forRoot({ taskHub: 'Shop', storage, leaseDuration })],
  providers: [Deliveries, { provide: WarehouseAddress, useValue: new WarehouseAddress(warehouseUrl) }],
})
class ShopModule {}

@Module({
  imports: [DurableModule.forRoot({ taskHub: 'Warehouse', storage, leaseDuration, http: { keys: [KEY] } })],
  providers: [Dispatches, { provide: Watch, useValue: new Watch(begun) }],
})
class WarehouseModule {}

/** Its test has ended: nobody would stop it. */
process.once('disconnect', () => process.exit(1));
if (name === 'shop') {
  await NestFactory.createApplicationContext(ShopModule, { logger });
  tell({ type: 'ready' });
} else {
  const app = await NestFactory.create(WarehouseModule, { logger });
  await app.listen(0, '127.0.0.1');
  tell({ type: 'ready', port: (app.getHttpServer().address() as { port: number }).port });
}
