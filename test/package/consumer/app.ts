/** A user's application: package.spec.ts compiles it against the packed package and runs it, as ESM and as CommonJS. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Activity, DurableClient, DurableModule, getDurableClientToken, Orchestrator } from 'nestjs-durable';
import type { Orchestration, OrchestrationContext } from 'nestjs-durable';

@Injectable()
class Punctuation {
  readonly mark = '!';
}

@Injectable()
class Greeter {
  constructor(private readonly punctuation: Punctuation) {}

  @Activity()
  async greet(name: string): Promise<string> {
    return `Hello ${name}${this.punctuation.mark}`;
  }

  @Orchestrator()
  *greetAll(ctx: OrchestrationContext, names: string[]): Orchestration<string[]> {
    const { greet } = ctx.activities(Greeter);
    return yield* ctx.all(names.map((name) => greet(name)));
  }
}

@Module({
  imports: [DurableModule.forRoot({ storage: { type: 'better-sqlite3', database: process.argv[2] ?? 'durable.sqlite' } })],
  providers: [Greeter, Punctuation],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const client = app.get<DurableClient>(getDurableClientToken());
  const id = await client.orchestrators(Greeter).greetAll(['Ada', 'Grace']);
  const status = await client.waitForCompletion(id, { timeout: 30_000 });
  process.stdout.write(JSON.stringify({ runtimeStatus: status.runtimeStatus, output: status.output }));
  await app.close();
}

void main();
