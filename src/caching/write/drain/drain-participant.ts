/** Who has to hear, durably, of what was evicted. It is asked inside the drain, so it costs every writer what it takes. */
export interface DrainParticipant {
  /**
   * SQL that belongs into the transaction that deletes the outbox records, run after the stamp and with the commit: what it
   * writes is as durable as the records were. Statements end in a semicolon.
   */
  record(tags: readonly string[]): string;
  /** What was recorded is committed. Returns at once and never throws. */
  committed(): void;
}
