import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { AppConfig } from './support/app-config.js';
import { whatToTry } from './what-to-try.js';

const app = await NestFactory.create(AppModule);
// A clean stop drains running activities and gives the work back at once.
app.enableShutdownHooks();
const config = app.get(AppConfig);
await app.listen(config.port);
process.stdout.write(whatToTry(config));
