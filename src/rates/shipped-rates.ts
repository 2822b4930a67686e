import { RateTable } from './rate-table';

/** Used where no RATES_URL is set. Rounded reference rates of one day: right enough to look at, wrong to bill by. */
export const SHIPPED_RATES: RateTable = {
  base: 'USD',
  date: '2026-01-02',
  rates: {
    AUD: 1.495,
    BRL: 5.42,
    CAD: 1.37,
    CHF: 0.793,
    CNY: 6.99,
    CZK: 20.6,
    DKK: 6.36,
    EUR: 0.852,
    GBP: 0.743,
    INR: 90.1,
    JPY: 156.8,
    KRW: 1445,
    MXN: 17.9,
    NOK: 10.07,
    NZD: 1.735,
    PLN: 3.59,
    SEK: 9.22,
    SGD: 1.286,
    ZAR: 16.5,
  },
};
