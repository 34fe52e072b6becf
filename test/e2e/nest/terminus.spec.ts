/** The health indicator in an application with Terminus, as it answers its probes. */
import { Controller, Get, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { createConnection } from 'mysql2/promise';
import { DurableModule, type DurableModuleOptions } from 'nestjs-durable';
import { DurableHealthIndicator } from 'nestjs-durable/terminus';
import { startMysql } from '../../../scripts/mysql-server.js';
import { eventually } from '../engine/start-app.js';
import { listen } from '../http/support/api-app.js';
import { LOG_LINES } from '../support/log-lines.js';
import { IN_MEMORY } from './support.js';

@Controller('health')
class HealthController {
  constructor(private readonly health: HealthCheckService, private readonly durable: DurableHealthIndicator) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.durable.isHealthy('durable')]);
  }

  @Get('reports')
  @HealthCheck()
  reports(): Promise<HealthCheckResult> {
    return this.health.check([() => this.durable.isHealthy('reports', { hub: 'reports' })]);
  }
}

describe('DurableHealthIndicator', () => {
  const open: INestApplication[] = [];

  afterEach(async () => {
    for (const app of open.splice(0)) await app.close();
  });

  /** An application on Express with these registrations. Answers how to ask it. */
  const serve = async (...registrations: DurableModuleOptions[]) => {
    const module = await Test.createTestingModule({
      imports: [TerminusModule, ...registrations.map((options) => DurableModule.forRoot({ shutdownTimeout: 1_000, ...options }))],
      controllers: [HealthController],
      providers: [DurableHealthIndicator],
    }).setLogger(LOG_LINES).compile();
    const app = module.createNestApplication();
    open.push(app);
    const origin = await listen(app);
    return async (path = '') => {
      const response = await fetch(`${origin}/health${path}`);
      return { status: response.status, body: (await response.json()) as HealthCheckResult };
    };
  };

  it('is up, with what the process owns, for the registration that is asked for', async () => {
    const ask = await serve(IN_MEMORY, { ...IN_MEMORY, name: 'reports', taskHub: 'Reports', partitionCount: 4 });
    expect(await ask()).toMatchObject({ status: 200, body: { details: { durable: { partitionCount: 16, ownedPartitions: 16, problems: expect.any(Array) } } } });
    expect(await ask('/reports')).toMatchObject({ status: 200, body: { details: { reports: { partitionCount: 4, ownedPartitions: 4 } } } });
  });

  it('is refused with the name of a registration that there is not', async () => {
    const ask = await serve(IN_MEMORY);
    expect((await ask('/reports')).status).toBe(500);
    expect(LOG_LINES.about("no registration of DurableModule with the name 'reports'")).not.toEqual([]);
  });

  it('is degraded while the database is away, and down when the lease has ended', async () => {
    const server = await startMysql();
    try {
      const connection = await createConnection(server.url);
      await connection.query('CREATE DATABASE probed');
      await connection.end();
      const { hostname, port, username, password } = new URL(server.url);
      const storage = { type: 'mysql' as const, host: hostname, port: Number(port), username, password, database: 'probed' };
      const ask = await serve({ storage, leaseDuration: 2_000 });
      await server.kill();
      const seen = new Set<string>();
      await eventually(async () => {
        const { status, body } = await ask();
        seen.add(`${status} ${body.details['durable']!.status}`);
        return status === 503;
      });
      expect([...seen]).toEqual(expect.arrayContaining(['200 degraded', '503 down']));
      const { body } = await ask();
      expect(body.error!['durable']).toMatchObject({ status: 'down', problems: expect.arrayContaining([expect.objectContaining({ kind: 'database', message: expect.any(String), since: expect.any(String) })]) });
      await server.restart();
      await eventually(async () => (await ask()).status === 200);
    } finally {
      for (const app of open.splice(0)) await app.close();
      await server.stop();
    }
  });
});
