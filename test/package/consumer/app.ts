/**
 * A user's application: package.spec.ts compiles it against the packed package and runs it, as ESM and as CommonJS, on each
 * version of Nest that the package supports.
 */
import 'reflect-metadata';
import { Inject, Injectable, Module, Scope, UseFilters, UseInterceptors, UsePipes } from '@nestjs/common';
import type { CallHandler, ExceptionFilter, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory, REQUEST } from '@nestjs/core';
import { Activity, DurableClient, DurableModule, InjectDurableClient, Orchestrator } from 'nestjs-durable';
import type { ActivityContext, DurableOptions, Orchestration, OrchestrationContext } from 'nestjs-durable';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

@Injectable()
class Punctuation {
  readonly mark = '!';
}

@Injectable()
class Polite implements NestInterceptor {
  constructor(private readonly punctuation: Punctuation) {}

  intercept(context: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(map((text) => `${text}${this.punctuation.mark} (${context.getType<string>()})`));
  }
}

@Injectable({ scope: Scope.REQUEST })
class Stamp implements NestInterceptor {
  constructor(@Inject(REQUEST) private readonly ctx: ActivityContext) {}

  intercept(_context: ExecutionContext, next: CallHandler<string>): Observable<string> {
    return next.handle().pipe(map((text) => `${text} #${this.ctx.attempt}`));
  }
}

class Trim implements PipeTransform<string, string> {
  transform(value: string): string {
    return value.trim();
  }
}

class Excuse implements ExceptionFilter<Error> {
  catch(error: Error): string {
    return `excused ${error.message}`;
  }
}

@Injectable()
class Greeter {
  @Activity()
  @UseInterceptors(Polite)
  @UsePipes(new Trim())
  async greet(name: string): Promise<string> {
    return `Hello ${name}`;
  }

  @Orchestrator()
  *greetAll(ctx: OrchestrationContext, names: string[]): Orchestration<string[]> {
    const { greet } = ctx.activities(Greeter);
    const { leave, stumble } = ctx.activities(Leaver);
    const greetings = yield* ctx.all(names.map((name) => greet(name)));
    return [...greetings, yield* leave(), yield* stumble()];
  }
}

@Injectable({ scope: Scope.REQUEST })
class Leaver {
  constructor(@Inject(REQUEST) private readonly ctx: ActivityContext, private readonly punctuation: Punctuation) {}

  @Activity()
  leave(_input: undefined, ctx: ActivityContext): string {
    return `Goodbye${this.punctuation.mark} ${ctx === this.ctx}`;
  }

  @Activity()
  @UseFilters(Excuse)
  stumble(): string {
    throw new Error('me');
  }
}

@Injectable()
class Doorman {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  async welcome(names: string[]): Promise<unknown> {
    const id = await this.client.orchestrators(Greeter).greetAll(names);
    const { runtimeStatus, output } = await this.client.waitForCompletion(id, { timeout: 30_000 });
    return { runtimeStatus, output };
  }
}

@Injectable()
class Settings {
  readonly database = process.argv[2] ?? 'durable.sqlite';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Module({
  imports: [
    DurableModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      http: { allowAnonymous: true },
      useFactory: async ({ database }: Settings): Promise<DurableOptions> => ({ storage: { type: 'better-sqlite3', database } }),
    }),
  ],
  providers: [Greeter, Leaver, Doorman, Punctuation, { provide: APP_INTERCEPTOR, scope: Scope.REQUEST, useClass: Stamp }],
})
class AppModule {}

/** Starts an orchestration through the management API, and waits for its end. */
async function welcomeOverHttp(origin: string, names: string[]): Promise<unknown> {
  const url = `${origin}/runtime/webhooks/durabletask/orchestrators/greetAll?timeout=30`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(names) });
  return { status: response.status, output: await response.json() };
}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const direct = await app.get(Doorman).welcome([' Ada', 'Grace ']);
  const overHttp = await welcomeOverHttp(await app.getUrl(), ['Edsger']);
  process.stdout.write(JSON.stringify({ direct, overHttp }));
  await app.close();
}

void main();
