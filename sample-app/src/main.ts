import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { AppConfig } from './support/app-config.js';
import { WarehouseAppModule } from './warehouse/warehouse-app.module.js';
import { whatToTry } from './what-to-try.js';

/** The two applications know each other by HTTP only. `npm start -- shop` and `npm start -- warehouse` start one of them each. */
const START: Readonly<Record<string, () => Promise<INestApplication>>> = {
  async warehouse() {
    const app = await NestFactory.create(WarehouseAppModule);
    // The default of its key is no secret, so nobody but this machine reaches it.
    await app.listen(app.get(AppConfig).warehousePort, '127.0.0.1');
    return app;
  },

  async shop() {
    const app = await NestFactory.create(AppModule);
    const config = app.get(AppConfig);
    await app.listen(config.port);
    process.stdout.write(whatToTry(config));
    return app;
  },
};

const given = process.argv.slice(2);
const names = given.length === 0 ? Object.keys(START) : given;
const unknown = names.find((name) => !(name in START));
if (unknown !== undefined) throw new Error(`There is no application '${unknown}': name ${Object.keys(START).join(' or ')}, or none for both.`);

const running: INestApplication[] = [];
for (const name of names) running.push(await START[name]!());

// A clean stop drains running activities and gives the work back at once. `app.enableShutdownHooks()` does it for one
// application: of two, the one that is ready first would end the process under the other.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void Promise.all(running.map((app) => app.close())).then(() => process.exit()));
}
