export { RatesModule } from './rates.module';
export { ALL_RATES, RatesService } from './rates.service';
