export { Departure } from './departure';
export { HealthModule } from './health.module';
