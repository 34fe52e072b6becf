import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableModule, type DurableModuleOptions } from 'nestjs-durable';
import { IN_MEMORY } from '../../nest/support.js';
import { Gates } from '../../support/gates.js';
import { LOG_LINES } from '../../support/log-lines.js';
import { httpApplication, listen, type AdapterKind } from './api-app.js';
import { call, type ApiAnswer, type ApiRequest } from './calls.js';

export interface ServedOptions {
  /** Of the registration that is made when `imports` has none. */
  readonly durable?: DurableModuleOptions;
  readonly metadata?: ModuleMetadata;
  /** Of `NestFactory.create`. */
  readonly appOptions?: NestApplicationOptions;
  /** What the application's `main` does before it listens. */
  readonly configure?: (app: INestApplication) => void;
}

/** An application on a free port. */
export interface Served {
  readonly app: INestApplication;
  readonly origin: string;
  /** `path` begins with a slash. */
  readonly request: (method: string, path: string, request?: ApiRequest) => Promise<ApiAnswer>;
}

/** Serves applications on in-memory databases, and closes them after each test. */
export function useServed(adapter: AdapterKind): (options: ServedOptions) => Promise<Served> {
  const apps: INestApplication[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });
  return async ({ durable, metadata = {}, appOptions, configure }) => {
    const registrations = durable === undefined ? [] : [DurableModule.forRoot({ ...IN_MEMORY, ...durable })];
    const module = await Test.createTestingModule({
      ...metadata,
      imports: [...registrations, ...(metadata.imports ?? [])],
      providers: [Gates, ...(metadata.providers ?? [])],
    }).setLogger(LOG_LINES).compile();
    const app = httpApplication(module, adapter, appOptions);
    apps.push(app);
    configure?.(app);
    const origin = await listen(app);
    return { app, origin, request: (method, path, request) => call(method, `${origin}${path}`, request) };
  };
}
