/** The numbers by which a shell adds up the exit code of a program that a signal ended. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

// Without a handler a signal ends the process past its 'exit' event, where an embedded database
// removes what it has left in the system's folder for temporary files.
for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(128 + number));
