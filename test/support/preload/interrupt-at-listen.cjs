// Ctrl-C when the application is made and does not listen yet: too late for "nothing has begun", too early for "it runs".
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  const { NestApplication } = require('@nestjs/core/nest-application');
  const { init } = NestApplication.prototype;
  NestApplication.prototype.init = function (...args) {
    process.emit('SIGINT', 'SIGINT');
    return init.apply(this, args);
  };
}
