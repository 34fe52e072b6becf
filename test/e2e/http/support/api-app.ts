import type { INestApplication, INestApplicationContext, NestApplicationOptions } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TestingModule } from '@nestjs/testing';
import type { DatabaseKind } from '../../../support/databases.js';
import { ScenarioApp, type AppOptions } from '../../support/scenario-app.js';

/** The HTTP frameworks that Nest applications use. */
export const ADAPTERS = ['express', 'fastify'] as const;

export type AdapterKind = (typeof ADAPTERS)[number];

/** Framework and database know nothing of each other: each is there once. */
export const FRONTS = [['express', 'sqlite'], ['fastify', 'mysql']] as const satisfies readonly [AdapterKind, DatabaseKind][];

/** Where Durable Functions has its management API. */
export const BASE_PATH = '/runtime/webhooks/durabletask';

/** Makes a compiled application one that serves HTTP on this framework. */
export function httpApplication(module: TestingModule, adapter: AdapterKind, options?: NestApplicationOptions): INestApplication {
  return adapter === 'express' ? module.createNestApplication(options) : module.createNestApplication(new FastifyAdapter(), options);
}

/** Serves an application on a free port of this machine. Answers its address, without a slash at the end. */
export async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return `http://127.0.0.1:${port}`;
}

/** An application that serves the management API. */
export class ApiApp extends ScenarioApp {
  private address: string | undefined;

  constructor(
    readonly adapter: AdapterKind,
    kind: DatabaseKind,
    options: AppOptions,
  ) {
    super(kind, options);
  }

  /** `http://127.0.0.1:<port>`. */
  get origin(): string {
    if (this.address === undefined) throw new Error('The application does not listen.');
    return this.address;
  }

  protected override async launch(module: TestingModule): Promise<INestApplicationContext> {
    const app = httpApplication(module, this.adapter);
    this.address = await listen(app);
    return app;
  }
}
