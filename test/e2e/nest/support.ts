import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DurableModule, type DurableModuleOptions } from 'nestjs-durable';

/** A database of its own for each application. */
export const IN_MEMORY: DurableModuleOptions = { storage: { type: 'better-sqlite3', database: ':memory:' } };

/** Compiles an application with the durable module on an in-memory database. */
export function compileApp(metadata: ModuleMetadata, options: DurableModuleOptions = {}): Promise<TestingModule> {
  const durable = DurableModule.forRoot({ ...IN_MEMORY, ...options });
  return Test.createTestingModule({ ...metadata, imports: [durable, ...(metadata.imports ?? [])] }).setLogger(SILENT).compile();
}

/** Initialises applications, and closes them after each test, however it ends. */
export function useStarted(): <T extends INestApplicationContext>(app: T) => Promise<T> {
  const started: INestApplicationContext[] = [];
  afterEach(async () => {
    for (const app of started.splice(0)) await app.close();
  });
  return async (app) => {
    started.push(app);
    await app.init();
    return app;
  };
}

/** What an application that must not start says. */
export async function refusalOf(metadata: ModuleMetadata, options: DurableModuleOptions = {}): Promise<string> {
  try {
    const app = await compileApp(metadata, options);
    await app.init();
    await app.close();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The application started.');
}

const ignore = (): void => undefined;
export const SILENT = { log: ignore, error: ignore, warn: ignore };
