'use strict';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const clockTime = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

const count = (number) => (number < 100 ? digits.format(number) : whole.format(number));

/** A rate per second. */
const rate = (number) => (number < 10 ? tenths : whole).format(number);

/** Never rounds up to 100 % while there were misses. */
function percent(share) {
  if (share === null) return '–';
  const value = share * 100;
  const shown = value > 99 && value < 100 ? Math.floor(value * 100) / 100 : Math.round(value * 10) / 10;
  return `${shown} %`;
}

function milliseconds(ms) {
  if (ms === null) return '–';
  return ms < 1
    ? `${whole.format(ms * 1000)} µs`
    : ms < 1000
      ? `${digits.format(ms)} ms`
      : `${digits.format(ms / 1000)} s`;
}

function bytes(number) {
  const units = ['B', 'kB', 'MB', 'GB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(number, 1)) / 10));
  return `${digits.format(number / 1024 ** unit)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${digits.format(seconds / 3600)} h`;
}
