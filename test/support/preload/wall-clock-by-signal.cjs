/** SIGUSR2 sets the process's wall clock a minute back, and the next one sets it right again. */
const { now } = Date;
const RealDate = Date;
let offset = 0;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now() - offset] : args));
  }

  static now() {
    return now() - offset;
  }
};

process.on('SIGUSR2', () => (offset = offset === 0 ? 60_000 : 0));
