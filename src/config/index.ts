export { AppConfig } from './config';
export { ConfigError, loadConfig, loadEnvFile } from './load-config';
export { unknownVariables } from './unknown-variables';
export { variablesWithoutEffect } from './variables-without-effect';
