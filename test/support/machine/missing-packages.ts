import { findMissing } from './programs';

/** For .ci/run: prints the Debian packages that suites need and this machine lacks, on one line. */
console.log([...new Set(Object.values(findMissing()).flat())].join(' '));
