/** The oldest Node.js that runs this program. package.json's `engines` says the same. */
const OLDEST = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

// Imported first by every program: on an older Node.js the other imports already fail, in words that name no cause.
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(`Strata needs Node.js ${OLDEST.join('.')} or newer. This is ${process.versions.node}.`);
  process.exit(1);
}
