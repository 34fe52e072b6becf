import { Controller, Get, Module } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { DurableHealthIndicator } from 'nestjs-durable/terminus';

// #region health
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly durable: DurableHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.durable.isHealthy('durable')]);
  }
}

@Module({ imports: [TerminusModule], controllers: [HealthController], providers: [DurableHealthIndicator] })
export class HealthModule {}
// #endregion
