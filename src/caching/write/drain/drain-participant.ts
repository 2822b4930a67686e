/** Records invalidated tags durably, in the drain's own transaction. Runs on the write path: keep it cheap. */
export interface DrainParticipant {
  /**
   * SQL that belongs into the transaction that deletes the outbox records, run after the stamp and with the commit: what it
   * writes is as durable as the records were. Statements end in a semicolon.
   */
  record(tags: readonly string[]): string;
  /** What was recorded is committed. Returns at once and never throws. */
  committed(): void;
}
