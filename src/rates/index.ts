export { RatesModule } from './rates.module';
export { RatesService } from './rates.service';
