import { Injectable } from '@nestjs/common';

/** Whether this process is about to stop. It still serves requests; `/health/ready` returns 503 from then on. */
@Injectable()
export class Departure {
  private announced = false;

  get isAnnounced(): boolean {
    return this.announced;
  }

  announce(): void {
    this.announced = true;
  }
}
