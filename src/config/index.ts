export { AppConfig } from './config';
export { ConfigModule } from './config.module';
export { ConfigError, loadConfig, loadEnvFile } from './load-config';
export { unknownVariables } from './unknown-variables';
