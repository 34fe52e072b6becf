/** What an application that has `@nestjs/terminus` needs to show the module's health. */
export { DurableHealthIndicator, type DurableHealthDetails, type DurableHealthIndicatorOptions } from './durable-health.indicator.js';
