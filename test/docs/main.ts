/** The main.ts that goes with the README's quick start. */
// #region main
import { NestFactory } from '@nestjs/core';
import { AppModule } from './quick-start.js';

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks(); // A clean stop hands its work over at once.
await app.listen(3000);
// #endregion
