import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A small entity of suites that bring their own tables. */
@Entity('accounts')
export class Account {
  @PrimaryColumn() id!: number;
  @Column() balance!: number;
}
